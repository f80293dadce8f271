//! Changes the headers of every response, local replies included.
//!
//! ```json
//! {"remove": ["server"], "replace": {"hello": "world"}, "add": {"x-tag": ["a", "b"]}}
//! ```
//!
//! * `remove`: the header is gone, all of its values
//! * `replace`: the header has exactly this value
//! * `add`: the header has this value, or these, besides those that it had
//!
//! Applied in this order. A configuration that changes nothing is refused like a broken one: nobody
//! installs a filter for that, so the configuration got lost on its way. Refused are also unknown
//! keys, a name given twice in one operation, names that are no field names, the fields that frame
//! a message on its connection, and values that would break out of their line.

mod changes;

use std::rc::Rc;

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel};

use changes::Changes;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| Box::<Root>::default());
}}

/// One configuration. A virtual machine may hold several of them.
#[derive(Default)]
struct Root {
    changes: Rc<Changes>,
}

impl Context for Root {}

impl RootContext for Root {
    fn on_configure(&mut self, _size: usize) -> bool {
        let text = self.get_plugin_configuration().unwrap_or_default();
        match Changes::read(&text) {
            Ok(changes) => {
                self.changes = Rc::new(changes);
                true
            }
            Err(wrong) => {
                log::error!("headers: configuration refused: {wrong}");
                false
            }
        }
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }

    fn create_http_context(&self, _id: u32) -> Option<Box<dyn HttpContext>> {
        let changes = Rc::clone(&self.changes);
        Some(Box::new(Exchange { changes }))
    }
}

/// One request and its response.
struct Exchange {
    changes: Rc<Changes>,
}

impl Context for Exchange {}

impl HttpContext for Exchange {
    fn on_http_response_headers(&mut self, _count: usize, _end_of_stream: bool) -> Action {
        for name in &self.changes.removed {
            self.remove_http_response_header(name);
        }
        for (name, value) in &self.changes.replaced {
            self.set_http_response_header(name, Some(value));
        }
        for (name, value) in &self.changes.added {
            self.add_http_response_header(name, value);
        }
        Action::Continue
    }
}
