"""An nginx of our own, in front of one or several Odoo servers; see docs/operations.md."""

import os
import shutil
import subprocess

import run
from places import LOGS, STATE, say

FOLDER = STATE / "bench" / "nginx"
_CONFIG = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    # Every request goes to the next server: no affinity is needed.
    proxy_next_upstream off;
{sites}
}}
"""
_SITE = """
    upstream odoo_{port} {{ {servers} }}
    upstream odoo_bus_{port} {{ {buses} }}
    server {{
        listen 127.0.0.1:{port};
        proxy_set_header Host $http_host;
        proxy_set_header X-Forwarded-Host $http_host;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Forwarded-Proto $scheme;
        location /websocket {{
            proxy_pass http://odoo_bus_{port};
            proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection "upgrade";
            proxy_read_timeout 3600s;
        }}
        location / {{ proxy_pass http://odoo_{port}; proxy_read_timeout 720s; }}
    }}
"""


def ensure():
    """Return the path of nginx, which is unpacked into a folder of its own if it is missing.

    :raise StartError: it is missing, and could not be fetched.
    """
    unpacked = STATE / "nginx"
    program = shutil.which("nginx") or shutil.which("nginx", path=f"/usr/sbin:{unpacked}/usr/sbin")
    if program:
        return program
    say("fetching nginx from Debian's archive")
    cache = STATE / "cache" / "nginx"
    cache.mkdir(parents=True, exist_ok=True)
    with open(LOGS / "bench-nginx-apt.log", "w", encoding="utf-8") as log:
        output = {"stdout": log, "stderr": subprocess.STDOUT, "cwd": cache}
        if subprocess.run(["apt-get", "download", "nginx"], check=False, **output).returncode:
            # The lists of packages may be missing or old.
            subprocess.run(["apt-get", "update"], check=False, **output)
            subprocess.run(["apt-get", "download", "nginx"], check=False, **output)
        for package in cache.glob("nginx_*.deb"):
            # Unpacked, not installed: no service is started, and no port 80 is taken.
            subprocess.run(["dpkg", "-x", package, unpacked], check=False, **output)
    program = shutil.which("nginx", path=f"{unpacked}/usr/sbin")
    if not program:
        raise run.StartError("nginx could not be fetched: please install the package nginx")
    return program


class Nginx:
    """The program, as a context manager.

    :param dict sites: listening port -> list of `Server` behind it.
    """

    def __init__(self, sites):
        self.program, self.sites = ensure(), sites

    def __enter__(self):
        FOLDER.mkdir(parents=True, exist_ok=True)
        sites = [
            _SITE.format(
                port=port,
                servers=" ".join(f"server 127.0.0.1:{one.port};" for one in servers),
                buses=" ".join(f"server 127.0.0.1:{one.bus_port};" for one in servers),
            )
            for port, servers in self.sites.items()
        ]
        config = FOLDER / "nginx.conf"
        text = _CONFIG.format(folder=FOLDER, sites="".join(sites))
        if os.getuid() == 0:
            # Its workers would run as another user, who may not enter the folder.
            text = f"user root;{text}"
        config.write_text(text, encoding="utf-8")
        self.running = run.Program(
            "bench-nginx", [self.program, "-p", FOLDER, "-e", "stderr", "-c", config], None
        )
        try:
            for port in self.sites:
                self.running.wait_ready(f"http://127.0.0.1:{port}/web/health")
        except BaseException:
            run.stop([self.running])
            raise
        return self

    def __exit__(self, *_error):
        run.stop([self.running])
