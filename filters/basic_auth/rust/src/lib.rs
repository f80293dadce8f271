//! Asks for credentials (RFC 7617) where the rules of its configuration say so.
//!
//! What a configuration may say, and where this filter is deliberately stricter than the upstream
//! plugin of the same configuration: `../../README.md`. Credentials never reach the log.

mod credentials;
mod places;
mod reply;
mod rules;

use std::rc::Rc;

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel};

use reply::Denial;
use rules::{Rule, Rules};

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| Box::<Root>::default());
}}

/// One configuration. A virtual machine may hold several of them.
#[derive(Default)]
struct Root {
    rules: Option<Rc<Rules>>,
}

impl Context for Root {}

impl RootContext for Root {
    fn on_configure(&mut self, _size: usize) -> bool {
        let text = self.get_plugin_configuration().unwrap_or_default();
        match Rules::read(&text) {
            Ok(rules) => {
                self.rules = Some(Rc::new(rules));
                true
            }
            Err(wrong) => {
                log::error!("basic_auth: configuration refused: {wrong}");
                false
            }
        }
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }

    fn create_http_context(&self, _id: u32) -> Option<Box<dyn HttpContext>> {
        let rules = self.rules.clone();
        Some(Box::new(Request { rules }))
    }
}

struct Request {
    rules: Option<Rc<Rules>>,
}

impl Context for Request {}

impl HttpContext for Request {
    fn on_http_request_headers(&mut self, _count: usize, _end_of_stream: bool) -> Action {
        match self.denial() {
            None => Action::Continue,
            Some(denial) => {
                reply::send(&denial);
                Action::Pause
            }
        }
    }
}

impl Request {
    /// Why the request may not go on, if so.
    fn denial(&self) -> Option<Denial<'_>> {
        // No rules known is no reason to let anybody in.
        let Some(rules) = &self.rules else {
            return Some(Denial::Unconfigured);
        };
        let matching = self.matching(rules);
        if matching.is_empty() {
            return None;
        }
        let challenge = rules.challenge.as_str();
        let Some(given) = credentials::given(&self.header("authorization")) else {
            return Some(Denial::NoCredentials { challenge });
        };
        // Every rule is asked, also after one has said no: the time says nothing about which.
        let accepted = matching
            .iter()
            .fold(true, |all, rule| all & credentials::accepted(&rule.credentials, &given));
        if accepted && self.single_authorization() {
            None
        } else {
            Some(Denial::WrongCredentials { challenge })
        }
    }

    /// The rules for the method, host and path of this request; all of them must be satisfied.
    fn matching<'a>(&self, rules: &'a Rules) -> Vec<&'a Rule> {
        let method = self.header(":method").to_ascii_lowercase();
        let mut found: Vec<&Rule> = rules.list.iter().filter(|rule| rule.lists(&method)).collect();
        if !found.is_empty() {
            let paths = places::readings(&self.header(":path"));
            let host = places::host(&self.header(":authority"));
            found.retain(|rule| rule.covers(paths.as_deref(), &host));
        }
        found
    }

    /// The value of a header, which need not be UTF-8; empty if there is none.
    fn header(&self, name: &str) -> Vec<u8> {
        self.get_http_request_header_bytes(name).unwrap_or_default()
    }

    /// With two of them the backend may read another one than this filter.
    fn single_authorization(&self) -> bool {
        let headers = self.get_http_request_headers_bytes();
        headers.iter().filter(|(name, _)| name == "authorization").count() == 1
    }
}
