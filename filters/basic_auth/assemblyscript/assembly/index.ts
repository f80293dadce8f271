// Asks for credentials (RFC 7617) where the rules of its configuration say so.
//
// What a configuration may say, and where this filter is deliberately stricter than the upstream
// plugin of the same configuration: ../../README.md. Credentials never reach the log.

import { Contexts } from "../../../shared/assemblyscript/contexts";
import { lower } from "../../../shared/assemblyscript/fields";
import * as host from "../../../shared/assemblyscript/host";
import { decoded, Padding } from "./base64";
import * as places from "./places";
import { read, Rule, Rules } from "./rules";

export * from "../../../shared/assemblyscript/abi";

const UNAUTHORIZED = 401;
const UNAVAILABLE = 503;
const GRPC_UNAUTHENTICATED = 16;
const GRPC_UNAVAILABLE = 14;

const contexts = new Contexts<Rules>();

export function proxy_on_context_create(context: u32, parent: u32): void {
  contexts.created(context, parent);
}

export function proxy_on_delete(context: u32): void {
  contexts.deleted(context);
}

export function proxy_on_configure(root: u32, size: usize): bool {
  const rules = new Rules();
  const wrong = read(host.pluginConfiguration(size), rules);
  if (wrong != "") {
    host.log(host.Level.error, "basic_auth: configuration refused: " + wrong);
    return false;
  }
  contexts.configured(root, rules);
  return true;
}

export function proxy_on_request_headers(context: u32, count: u32, ends: bool): host.Action {
  const all = contexts.of(context);
  if (all === null) { // no rules known is no reason to let anybody in
    host.reply(UNAVAILABLE, "basic_auth_unconfigured", [], GRPC_UNAVAILABLE);
    return host.Action.pause;
  }
  const found = matching(all.rules);
  if (found.length == 0) return host.Action.goOn;
  const given = givenCredentials(requestHeader("authorization"));
  if (given === null) return deny(all, "basic_auth_no_credentials");
  let right = true;
  for (let i = 0; i < found.length; ++i) {
    if (!accepted(found[i], given)) right = false;
  }
  if (!right || !singleAuthorization()) return deny(all, "basic_auth_wrong_credentials");
  return host.Action.goOn;
}

function requestHeader(name: string): string {
  return host.header(host.Headers.request, name);
}

// The rules for the method, host and path of this request; every one of them must be satisfied.
function matching(rules: Rule[]): Rule[] {
  const found = new Array<Rule>();
  const method = lower(requestHeader(":method"));
  for (let i = 0; i < rules.length; ++i) {
    if (rules[i].methods.includes(method)) found.push(rules[i]);
  }
  if (found.length == 0) return found;
  const readings = places.readings(requestHeader(":path"));
  const authority = places.host(requestHeader(":authority"));
  for (let i = found.length - 1; i >= 0; --i) {
    const rule = found[i];
    const covers =
      places.coversPath(rule.match, rule.path, readings) &&
      places.coversHost(rule.hosts, authority);
    if (!covers) found.splice(i, 1);
  }
  return found;
}

// What an Authorization header gives: "user:password", or null if it is not `Basic`, one space and
// padded base64. The name of the scheme has no case (RFC 9110 section 11.1).
function givenCredentials(authorization: string): string | null {
  const scheme = "basic ";
  if (lower(authorization.substring(0, scheme.length)) != scheme) return null;
  return decoded(authorization.substring(scheme.length), Padding.required);
}

// Compares with every credential, also after one has matched.
function accepted(rule: Rule, given: string): bool {
  let matches = 0;
  for (let i = 0; i < rule.credentials.length; ++i) {
    matches |= i32(same(rule.credentials[i], given));
  }
  return matches != 0;
}

// Takes the same time wherever the two differ; only their lengths show.
function same(secret: string, given: string): bool {
  let differences = secret.length ^ given.length;
  for (let i = 0; i < given.length; ++i) {
    differences |= secret.charCodeAt(i % secret.length) ^ given.charCodeAt(i);
  }
  return differences == 0;
}

// With two of them the backend may read another one than this filter.
function singleAuthorization(): bool {
  const headers = host.headers(host.Headers.request);
  let count = 0;
  for (let i = 0; i < headers.length; ++i) {
    if (headers[i].name == "authorization") ++count;
  }
  return count == 1;
}

function deny(all: Rules, details: string): host.Action {
  const challenge = new host.Pair("www-authenticate", all.challenge);
  host.reply(UNAUTHORIZED, details, [challenge], GRPC_UNAUTHENTICATED);
  return host.Action.pause;
}
