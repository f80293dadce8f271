"""A kind and a Docker for tests: a real program and a real server on a real socket.

A cluster is a file that holds the configuration it was made with; one of somebody else is empty.
"""

from __future__ import annotations

import json
import socketserver
import threading
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, unquote, urlsplit

import yaml

from tests.kind import programs

ALREADY = "ERROR: failed to create cluster: node(s) already exist for a cluster with the name"


class Kind:
    """A kind whose clusters are files in a folder, all with the same Kubernetes API."""

    def __init__(self, folder, served):
        self.state, self.folder = folder / "clusters", folder
        self.state.mkdir()
        self._log = folder / "calls"
        self._log.touch()
        kubeconfig = yaml.safe_load(served.kubeconfig(folder / "any-kubeconfig").read_text())
        kubeconfig["contexts"][0]["name"] = kubeconfig["current-context"] = "kind-NAME"
        (folder / "kubeconfig").write_text(yaml.safe_dump(kubeconfig))
        self.path = programs.kind(
            folder,
            f'echo "$@" >> {self._log}',
            f"state={self.state} hook={folder}/at-$1",
            # What happens at a certain call happens once.
            "[ -e $hook ] && mv $hook $hook.now && . $hook.now",
            'case "$1 $2" in',
            '"get clusters") ls $state; echo "a remark of kind" >&2;;',
            f'"export kubeconfig") sed "s/NAME/$4/" {folder}/kubeconfig > "$6";;',
            '"delete cluster") rm $state/$4;;',
            '"load docker-image") ;;',
            '"create cluster")',
            "  name=${3#--name=}",
            f"  [ -e $state/$name ] && echo '{ALREADY}' $name >&2 && exit 1",
            '  cp "$7" $state/$name',
            f'  sed "s/NAME/$name/" {folder}/kubeconfig > "${{4#--kubeconfig=}}";;',
            "*) echo unknown command >&2; exit 1;;",
            "esac",
            "code=$?",
            "[ -e $hook.after ] && mv $hook.after $hook.now && . $hook.now",
            "exit $code",
        )

    def has(self, *names, ports=None):
        """Let clusters be there, somebody else's unless ports of a gateway are given."""
        for name in names:
            mappings = [
                {"containerPort": node, "hostPort": host}
                for node, host in zip((30080, 30081), ports or (), strict=False)
            ]
            text = yaml.safe_dump({"nodes": [{"extraPortMappings": mappings}]}) if ports else ""
            (self.state / name).write_text(text)

    def at(self, action, *lines):
        """Let lines of sh be run at the next call of an action, before it does anything."""
        (self.folder / f"at-{action}").write_text("\n".join([*lines, ""]))

    def after(self, action, *lines):
        """Let lines of sh be run at the next call of an action, when it has done its work."""
        (self.folder / f"at-{action}.after").write_text("\n".join([*lines, ""]))

    def leads_to(self, server):
        """Let the kubeconfig name another API."""
        path = self.folder / "kubeconfig"
        kubeconfig = yaml.safe_load(path.read_text())
        kubeconfig["clusters"][0]["cluster"]["server"] = server
        path.write_text(yaml.safe_dump(kubeconfig))

    @property
    def there(self):
        return sorted(path.name for path in self.state.iterdir())

    @property
    def calls(self):
        return self._log.read_text().splitlines()

    @property
    def deleted(self):
        return [call.split()[3] for call in self.calls if call.startswith("delete cluster")]


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


class Docker:
    """The API of a Docker on a socket, which holds `images` and a kind's nodes.

    `blind` is how often it does not see the nodes yet.
    """

    def __init__(self, kind, path):
        docker, self.kind, self.blind, self.images = self, kind, 0, set()
        self.address = f"unix://{path}"

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                found = docker.answer(self.path)
                body = json.dumps({"message": "No such image"} if found is None else found)
                self.send_response(404 if found is None else 200)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_):
                pass

        self._server = _Server(str(path), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def answer(self, path):
        url = urlsplit(path)
        match [part for part in url.path.split("/") if part and not part.startswith("v1.")]:
            case ["version"]:
                return {"ApiVersion": "1.44", "Version": "25.0.0"}
            case ["_ping"]:
                return "OK"
            case ["images", *name, "json"] if "/".join(name) in self.images:
                return {"Id": f"sha256:{name[-1]}"}
            case ["containers", "json"]:
                return self._listed(json.loads(parse_qs(url.query)["filters"][0])["label"][0])
            case ["containers", name, "json"]:
                return self._node(unquote(name).removesuffix("-control-plane"))
        return None

    def _listed(self, label):
        name = label.removeprefix("io.x-k8s.kind.cluster=")
        if self.blind:
            self.blind -= 1
            return []
        return [{"Id": f"{name}-control-plane"}] if name in self.kind.there else []

    def _node(self, name):
        if name not in self.kind.there:
            return None
        config = yaml.safe_load((self.kind.state / name).read_text()) or {"nodes": [{}]}
        bound = {"6443/tcp": [{"HostIp": "127.0.0.1", "HostPort": "40123"}]}
        for each in config["nodes"][0].get("extraPortMappings", ()):
            place = {"HostIp": "127.0.0.1", "HostPort": str(each["hostPort"])}
            bound[f"{each['containerPort']}/tcp"] = [place]
        return {"Id": f"{name}-control-plane", "HostConfig": {"PortBindings": bound}}

    def stop(self):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
