//! The edge of chapter 07 beside nginx with proxy_cache, in front of the same origin: a stylesheet that both of them have kept.
//! `cargo bench -p checker --bench edge`
//!
//! The solution is built here with `--release`; nginx is the one on PATH, and is left out, aloud, if it is not there. Both
//! keep in memory (nginx in files under /tmp, which the system holds in memory), and log nothing. There is no distance: what
//! is compared is what an edge adds.

mod common;

use std::{path::Path, time::Duration};

use anyhow::{Context, anyhow, ensure};
use checker::world::{
    load::{Load, Outgoing},
    origin::{Exhibit, Origin},
    timeline::Timeline,
};

use self::common::Contender;

const PATH: &str = "/static/gossip.css";
/// Asked for beforehand, to see that whoever is measured keeps it.
const WITNESS: &str = "/static/witness.css";
const MOMENT: Duration = Duration::from_millis(200);

const NGINX: &str = "
daemon off; user root; pid FOLDER/nginx.pid; error_log FOLDER/error.log error;
worker_processes auto;
events { worker_connections 4096; }
http {
    access_log off;
    client_body_temp_path FOLDER/a; proxy_temp_path FOLDER/b; fastcgi_temp_path FOLDER/c;
    uwsgi_temp_path FOLDER/d; scgi_temp_path FOLDER/e;
    proxy_cache_path FOLDER/kept keys_zone=edge:10m max_size=64m use_temp_path=off;
    open_file_cache max=1000 inactive=60s;
    sendfile on; tcp_nopush on;
    upstream origin { server ORIGIN; keepalive 32; }
    server {
        listen ADDRESS;
        keepalive_requests 10000000;
        location /static/ {
            proxy_pass http://origin;
            proxy_http_version 1.1; proxy_set_header Connection '';
            proxy_set_header Host $http_host;
            proxy_set_header Cookie '';
            proxy_cache edge;
            proxy_cache_key $http_host$request_uri;
            proxy_cache_lock on;
            proxy_cache_revalidate on;
            proxy_cache_use_stale error timeout http_500 http_502 http_503 http_504;
        }
    }
}
";

fn main() -> anyhow::Result<()> {
    common::run("solution07-cdn", measure)
}

async fn measure(ours: &Path) -> anyhow::Result<()> {
    let origin = Origin::open(Timeline::start()).await?;
    origin.has(PATH, Exhibit::text("body { color: #222; }\n".repeat(150)).keeps(31_536_000).tagged());
    origin.has(WITNESS, Exhibit::text("a").keeps(600));
    let folder = tempfile::tempdir().context("making a folder")?;
    let mut contenders = vec![
        Contender::without("no edge", origin.address()),
        Contender::ours(ours, folder.path(), "edge", &[origin.address()])?,
    ];
    let settings = NGINX.replace("ORIGIN", &origin.address().to_string());
    contenders.extend(Contender::installed("nginx", &["-c"], folder.path(), |_| settings)?);
    for (edges, contender) in contenders[1..].iter().enumerate() {
        let load = Load::on([contender.address]).of(Outgoing::get(WITNESS)).connections(8).lasting(MOMENT);
        load.saturates().await.map_err(|stop| anyhow!("{stop:?}"))?;
        ensure!(origin.asked(WITNESS) == edges + 1, "{} did not keep what it was told", contender.name);
    }
    common::compete(&mut contenders, PATH).await
}
