"""The list of host functions that Envoy offers is the truth about the Envoy that runs here."""

import re

import pytest

from filters import wasm
from tests.filters import validation
from tests.filters.handmade import module

# i: i32, I: i64; parameters, then the result. Envoy refuses an import whose type is another one.
# Its path_link and path_symlink lack a parameter of WASI's, so a true import of them is refused.
ENV = """
    emscripten_notify_memory_growth i: proxy_add_header_map_value iiiii:i
    proxy_call_foreign_function iiiiii:i proxy_define_metric iiii:i
    proxy_dequeue_shared_queue iii:i proxy_done :i proxy_enqueue_shared_queue iii:i
    proxy_get_buffer_bytes iiiii:i proxy_get_buffer_status iii:i
    proxy_get_current_time_nanoseconds i:i proxy_get_header_map_pairs iii:i
    proxy_get_header_map_size ii:i proxy_get_header_map_value iiiii:i proxy_get_metric ii:i
    proxy_get_property iiii:i proxy_get_shared_data iiiii:i proxy_get_status iii:i
    proxy_grpc_call iiiiiiiiiiii:i proxy_grpc_cancel i:i proxy_grpc_close i:i
    proxy_grpc_send iiii:i proxy_grpc_stream iiiiiiiii:i proxy_http_call iiiiiiiiii:i
    proxy_increment_metric iI:i proxy_log iii:i proxy_record_metric iI:i
    proxy_register_shared_queue iii:i proxy_remove_header_map_value iii:i
    proxy_replace_header_map_value iiiii:i proxy_resolve_shared_queue iiiii:i
    proxy_send_local_response iiiiiiii:i proxy_set_buffer_bytes iiiii:i
    proxy_set_effective_context i:i proxy_set_header_map_pairs iii:i proxy_set_property iiii:i
    proxy_set_shared_data iiiii:i proxy_set_tick_period_milliseconds i:i pthread_equal ii:i
"""
WASI = """
    args_get ii:i args_sizes_get ii:i clock_res_get ii:i clock_time_get iIi:i environ_get ii:i
    environ_sizes_get ii:i fd_advise iIIi:i fd_allocate iII:i fd_close i:i fd_datasync i:i
    fd_fdstat_get ii:i fd_fdstat_set_flags ii:i fd_fdstat_set_rights iII:i fd_filestat_get ii:i
    fd_filestat_set_size iI:i fd_filestat_set_times iIIi:i fd_pread iiiIi:i
    fd_prestat_dir_name iii:i fd_prestat_get ii:i fd_pwrite iiiIi:i fd_read iiii:i
    fd_readdir iiiIi:i fd_renumber ii:i fd_seek iIii:i fd_sync i:i fd_tell ii:i fd_write iiii:i
    path_create_directory iii:i path_filestat_get iiiii:i path_filestat_set_times iiiiIIi:i
    path_link iiiiii:i path_open iiiiiIIii:i path_readlink iiiiii:i path_remove_directory iii:i
    path_rename iiiiii:i path_symlink iiii:i path_unlink_file iii:i poll_oneoff iiii:i
    proc_exit i: random_get ii:i sched_yield :i sock_accept iii:i
    sock_recv iiiiii:i sock_send iiiii:i sock_shutdown ii:i
"""
ABI = {
    "0_1_0": """
        proxy_clear_route_cache :i proxy_continue_request :i proxy_continue_response :i
        proxy_get_configuration ii:i
    """,
    "0_2_0": "proxy_close_stream i:i proxy_continue_stream i:i",
    "0_2_1": "proxy_close_stream i:i proxy_continue_stream i:i proxy_get_log_level i:i",
}


def imports(abi):
    for host, text in (
        ("env", ENV + ABI[abi]),
        ("wasi_snapshot_preview1", WASI),
        ("wasi_unstable", WASI),
    ):
        words = text.split()
        for name, signature in zip(words[::2], words[1::2], strict=True):
            yield host, name, signature


@pytest.mark.parametrize("abi", wasm.known_abi())
def test_the_table_of_this_test_names_every_offered_function(abi):
    assert {(host, name) for host, name, _ in imports(abi)} == {
        (host, name) for host, names in wasm.offered(abi).items() for name in names
    }


@pytest.mark.parametrize("abi", wasm.known_abi())
def test_envoy_loads_a_module_that_imports_every_offered_function(tmp_path, abi):
    path = tmp_path / "all.wasm"
    exports = (f"proxy_abi_version_{abi}", "malloc", "_initialize")
    path.write_bytes(module(tuple(imports(abi)), exports))
    wasm.check(path.read_bytes(), name="all")

    verdict = validation.validated(path, None)

    assert verdict.accepted, verdict.log


def test_envoy_refuses_a_function_that_is_not_offered(tmp_path):
    path = tmp_path / "one.wasm"
    path.write_bytes(module([("env", "proxy_no_such_function", "i:i")]))

    verdict = validation.validated(path, None)

    assert not verdict.accepted
    assert re.search(r"missing import: env\.proxy_no_such_function", verdict.log)
