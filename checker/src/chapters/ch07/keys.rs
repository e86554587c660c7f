//! Which answer is whose: what belongs to an address and what does not, and who may put words into it.

use hyper::Method;

use crate::{
    story::Stop,
    world::{World, origin::Exhibit, wire::Ask},
};

/// Somebody says something in a header that nobody reads, and everybody reads it.
pub async fn nobody_speaks_for_others(world: &mut World) -> Result<(), Stop> {
    const HEADERS: [&str; 17] = [
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-forwarded-port",
        "x-forwarded-prefix",
        "x-forwarded-server",
        "x-forwarded-for",
        "x-host",
        "x-original-url",
        "x-rewrite-url",
        "x-real-ip",
        "x-http-method-override",
        "forwarded",
        "user-agent",
        "referer",
        "origin",
        "cookie",
        "x-anything-else",
    ];
    let origin = world.origin().await?;
    origin.has("/static/mirror", Exhibit::mirror().keeps(600));
    let city = world.city(origin.address()).start().await?;

    for name in HEADERS {
        city.expect_unheard(world, |ask, word| ask.with(name, word), &format!("in {name}")).await?;
    }
    city.expect_unheard(world, |ask, word| ask.body(word.to_owned()), "in the body of a GET").await?;
    city.expect_unheard(world, |ask, word| ask.with("host", format!("{word}.example")), "in Host").await?;
    city.expect_unheard(world, |ask, word| ask.to(&format!("http://{word}.example")), "in an absolute address").await?;
    city.expect_unheard(world, |ask, word| ask.by(Method::POST).body(word.to_owned()), "in a POST").await?;
    city.expect_unheard(world, |ask, word| ask.with("range", format!("bytes={word}-")), "in Range").await
}

/// Two addresses, one answer.
pub async fn one_address_one_answer(world: &mut World) -> Result<(), Stop> {
    let origin = world.origin().await?;
    let text = world.gossip();
    for path in ["/static/a", "/static/A", "/static/a%2Fb", "/static/a/b"] {
        origin.has(path, Exhibit::addressed(&text).keeps(600));
    }
    origin.has("/static/whole", Exhibit::text(&text).keeps(600));
    let city = world.city(origin.address()).start().await?;
    let why = "The site, the path and the query are the address, sign for sign. What differs in one of them is something else.";

    for target in ["/static/a", "/static/a?1", "/static/a?2", "/static/a?", "/static/A", "/static/a%2Fb", "/static/a/b"]
    {
        let ask = |host| Ask::get(target).with("host", host);
        city.expect(ask("gossip.example"), &format!("gossip.example {target}: {text}"), why).await?;
        city.expect(ask("other.example"), &format!("other.example {target}: {text}"), why).await?;
    }

    let why =
        "A head without a body, and a part of a body, are not the whole; and the whole is not what a POST is told.";
    let range = |target: &str| Ask::get(target).with("range", "bytes=4-11");
    for (first, target) in ["HEAD first", "a part first", "the whole first"].into_iter().zip(1..) {
        let target = format!("/static/whole?{target}");
        match first {
            "HEAD first" => city.expect_head(&target, text.len(), why).await?,
            "a part first" => city.expect_part(range(&target), &text, 4..=11, why).await?,
            _ => {}
        }
        city.expect(Ask::get(&*target), &text, why).await?;
        city.expect_head(&target, text.len(), why).await?;
        city.expect_part(range(&target), &text, 4..=11, why).await?;
        city.expect(Ask::get(&*target), &text, why).await?;
    }
    let before = origin.asked("/static/whole?1");
    city.expect(Ask::new(Method::POST, "/static/whole?1").body("gossip"), &text, why).await?;
    origin.expect_asked(
        "/static/whole?1",
        before + 1,
        "once more, by a POST",
        "A POST is the origin's business, always.",
    )?;

    let why = "Vary says on what an answer depends besides its address.";
    origin.has("/static/hello", Exhibit::heard("accept-language").says("vary", "Accept-Language").keeps(600));
    origin.has("/static/packed", Exhibit::heard("accept-encoding").says("vary", "accept, ACCEPT-ENCODING").keeps(600));
    for language in ["tr", "en", "tr", "pt-BR, pt", "en"] {
        let ask = Ask::get("/static/hello").with("accept-language", language);
        city.expect(ask, &format!("accept-language: {language}"), why).await?;
    }
    for coding in ["gzip", "br", "gzip", "identity"] {
        let ask = Ask::get("/static/packed").with("accept-encoding", coding);
        city.expect(ask, &format!("accept-encoding: {coding}"), why).await?;
    }
    Ok(())
}
