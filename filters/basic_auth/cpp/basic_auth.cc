// Asks for credentials (RFC 7617) where the rules of its configuration say so.
//
// What a configuration may say, and where this filter is deliberately stricter than the upstream
// plugin of the same configuration: ../README.md. Credentials never reach the log.

#include <algorithm>

#include "contexts.h"
#include "fields.h"
#include "proxy_wasm.h"
#include "rules.h"

namespace {

constexpr uint32_t unauthorized = 401;
constexpr uint32_t unavailable = 503;
constexpr uint32_t grpc_unauthenticated = 16;
constexpr uint32_t grpc_unavailable = 14;

wasm::Contexts<rules::Rules> contexts;

std::string request_header(std::string_view name) {
  return wasm::header(wasm::Map::request_headers, name).value_or("");
}

// Takes the same time wherever the two differ; only their lengths show.
bool same(std::string_view secret, std::string_view given) {
  size_t differences = secret.size() ^ given.size();
  for (size_t i = 0; i < given.size(); ++i) {
    differences |= static_cast<unsigned char>(secret[i % secret.size()] ^ given[i]);
    asm volatile("" : "+r"(differences));  // or the compiler may leave the loop early
  }
  return differences == 0;
}

// Compares with every credential, also after one has matched.
bool accepted(const rules::Rule& rule, std::string_view given) {
  unsigned matches = 0;
  for (const std::string& credential : rule.credentials) matches |= same(credential, given);
  return matches != 0;
}

// What an Authorization header gives: "user:password", or nothing if it is not `Basic`, one space
// and padded base64. The name of the scheme has no case (RFC 9110 section 11.1).
std::optional<std::string> given_credentials(std::string_view authorization) {
  constexpr std::string_view scheme = "basic ";
  if (fields::lower(authorization.substr(0, scheme.size())) != scheme) return std::nullopt;
  return base64::decoded(authorization.substr(scheme.size()), base64::Padding::required);
}

// With two of them the backend may read another one than this filter.
bool single_authorization() {
  int count = 0;
  for (const auto& [name, value] : wasm::headers(wasm::Map::request_headers)) {
    count += name == "authorization";
  }
  return count == 1;
}

bool lists(const rules::Rule& rule, std::string_view method) {
  return std::find(rule.methods.begin(), rule.methods.end(), method) != rule.methods.end();
}

// The rules for the method, host and path of this request; every one of them must be satisfied.
std::vector<const rules::Rule*> matching(const rules::Rules& all) {
  std::vector<const rules::Rule*> found;
  std::string method = fields::lower(request_header(":method"));
  for (const rules::Rule& rule : all.rules) {
    if (lists(rule, method)) found.push_back(&rule);
  }
  if (found.empty()) return found;
  auto paths = places::readings(request_header(":path"));
  std::string host = places::host(request_header(":authority"));
  std::erase_if(found, [&](const rules::Rule* rule) {
    return !places::covers(rule->match, rule->path, paths) || !places::covers(rule->hosts, host);
  });
  return found;
}

wasm::Action deny(const rules::Rules& all, std::string_view details) {
  wasm::send_local_response(unauthorized, details, "", {{"www-authenticate", all.challenge}},
                            grpc_unauthenticated);
  return wasm::pause;
}

}  // namespace

WASM_EXPORT(proxy_on_context_create)
void proxy_on_context_create(uint32_t context, uint32_t parent) {
  contexts.created(context, parent);
}

WASM_EXPORT(proxy_on_delete) void proxy_on_delete(uint32_t context) { contexts.deleted(context); }

WASM_EXPORT(proxy_on_configure) uint32_t proxy_on_configure(uint32_t root, size_t size) {
  rules::Rules read;
  std::string wrong = rules::read(wasm::plugin_configuration(size), read);
  if (!wrong.empty()) {
    wasm::log(wasm::Level::error, "basic_auth: configuration refused: " + wrong);
    return false;
  }
  contexts.configured(root, std::move(read));
  return true;
}

WASM_EXPORT(proxy_on_request_headers)
uint32_t proxy_on_request_headers(uint32_t context, uint32_t, uint32_t) {
  const rules::Rules* all = contexts.of(context);
  if (!all) {  // no rules known is no reason to let anybody in
    wasm::send_local_response(unavailable, "basic_auth_unconfigured", "", {}, grpc_unavailable);
    return wasm::pause;
  }
  auto found = matching(*all);
  if (found.empty()) return wasm::go_on;
  auto given = given_credentials(request_header("authorization"));
  if (!given) return deny(*all, "basic_auth_no_credentials");
  bool right = true;
  for (const rules::Rule* rule : found) right &= accepted(*rule, *given);
  if (!right || !single_authorization()) return deny(*all, "basic_auth_wrong_credentials");
  return wasm::go_on;
}
