//! The balancer of chapter 03 beside nginx and haproxy, in front of the same two servers: how much passes, and how late the
//! latest of a hundred is. `cargo bench -p checker --bench balancer`
//!
//! The solution is built here with `--release`; nginx (`least_conn`) and haproxy (`leastconn`) are those on PATH, and who is
//! not there is left out, aloud. The load, the servers and the balancers share the cores: the figures are for comparing, not
//! for boasting.

mod common;

use std::path::Path;

use anyhow::Context;
use checker::world::upstream::Upstream;

use self::common::Contender;

const PATH: &str = "/status/200";

const NGINX: &str = "
daemon off; pid FOLDER/nginx.pid; error_log FOLDER/error.log error;
worker_processes auto;
events { worker_connections 4096; }
http {
    access_log off;
    client_body_temp_path FOLDER/a; proxy_temp_path FOLDER/b; fastcgi_temp_path FOLDER/c;
    uwsgi_temp_path FOLDER/d; scgi_temp_path FOLDER/e;
    upstream servers { zone servers 64k; least_conn; server FIRST; server SECOND; keepalive 32; keepalive_requests 10000000; }
    server {
        listen ADDRESS;
        keepalive_requests 10000000;
        location / {
            proxy_pass http://servers;
            proxy_http_version 1.1; proxy_set_header Connection '';
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        }
    }
}
";

const HAPROXY: &str = "
defaults
    mode http
    option forwardfor
    timeout connect 1s
    timeout client 30s
    timeout server 30s
frontend door
    bind ADDRESS
    default_backend servers
backend servers
    balance leastconn
    option httpchk GET /health
    server first FIRST check
    server second SECOND check
";

fn main() -> anyhow::Result<()> {
    common::run("solution03-balancer", measure)
}

async fn measure(ours: &Path) -> anyhow::Result<()> {
    let servers = [Upstream::start("server 1", 64)?, Upstream::start("server 2", 64)?];
    let behind = servers.each_ref().map(Upstream::address);
    let folder = tempfile::tempdir().context("making a folder")?;
    let mut contenders =
        vec![Contender::without("no balancer", behind[0]), Contender::ours(ours, folder.path(), "balancer", &behind)?];
    for (name, flags, settings) in [("nginx", &["-c"][..], NGINX), ("haproxy", &["-db", "-f"], HAPROXY)] {
        let settings = settings.replace("FIRST", &behind[0].to_string()).replace("SECOND", &behind[1].to_string());
        contenders.extend(Contender::installed(name, flags, folder.path(), |_| settings)?);
    }
    common::compete(&mut contenders, PATH).await
}
