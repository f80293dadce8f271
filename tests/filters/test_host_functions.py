"""The list of host functions that Envoy offers is the truth about the Envoy that runs here."""

import re

from filters import wasm
from tests.filters import validation
from tests.filters.handmade import module

# i: i32, I: i64; parameters, then the result. Envoy refuses an import whose type is another one.
SIGNATURES = {
    "env": """
        proxy_add_header_map_value iiiii:i proxy_call_foreign_function iiiiii:i
        proxy_close_stream i:i proxy_continue_stream i:i proxy_define_metric iiii:i
        proxy_dequeue_shared_queue iii:i proxy_done :i proxy_enqueue_shared_queue iii:i
        proxy_get_buffer_bytes iiiii:i proxy_get_buffer_status iii:i
        proxy_get_current_time_nanoseconds i:i proxy_get_header_map_pairs iii:i
        proxy_get_header_map_size ii:i proxy_get_header_map_value iiiii:i proxy_get_log_level i:i
        proxy_get_metric ii:i proxy_get_property iiii:i proxy_get_shared_data iiiii:i
        proxy_get_status iii:i proxy_grpc_call iiiiiiiiiiii:i proxy_grpc_cancel i:i
        proxy_grpc_close i:i proxy_grpc_send iiii:i proxy_grpc_stream iiiiiiiii:i
        proxy_http_call iiiiiiiiii:i proxy_increment_metric iI:i proxy_log iii:i
        proxy_record_metric iI:i proxy_register_shared_queue iii:i
        proxy_remove_header_map_value iii:i proxy_replace_header_map_value iiiii:i
        proxy_resolve_shared_queue iiiii:i proxy_send_local_response iiiiiiii:i
        proxy_set_buffer_bytes iiiii:i proxy_set_effective_context i:i
        proxy_set_header_map_pairs iii:i proxy_set_property iiii:i proxy_set_shared_data iiiii:i
        proxy_set_tick_period_milliseconds i:i
    """,
    "wasi_snapshot_preview1": """
        args_get ii:i args_sizes_get ii:i clock_time_get iIi:i environ_get ii:i
        environ_sizes_get ii:i fd_close i:i fd_fdstat_get ii:i fd_prestat_dir_name iii:i
        fd_prestat_get ii:i fd_read iiii:i fd_seek iIii:i fd_write iiii:i
        path_open iiiiiIIii:i poll_oneoff iiii:i proc_exit i: random_get ii:i sched_yield :i
    """,
}


def imports():
    found = []
    for host, text in SIGNATURES.items():
        words = text.split()
        found += [(host, name, type_) for name, type_ in zip(words[::2], words[1::2], strict=True)]
    return found


def test_the_table_of_this_test_names_every_offered_function():
    assert {(host, name) for host, name, _ in imports()} == {
        (host, name) for host, names in wasm.offered().items() for name in names
    }


def test_envoy_loads_a_module_that_imports_every_offered_function(tmp_path):
    path = tmp_path / "all.wasm"
    path.write_bytes(module(imports()))
    wasm.check(path.read_bytes(), name="all")

    verdict = validation.validated(path, None)

    assert verdict.accepted, verdict.log


def test_envoy_refuses_a_function_that_is_not_offered(tmp_path):
    path = tmp_path / "one.wasm"
    path.write_bytes(module([("env", "proxy_no_such_function", "i:i")]))

    verdict = validation.validated(path, None)

    assert not verdict.accepted
    assert re.search(r"missing import: env\.proxy_no_such_function", verdict.log)
