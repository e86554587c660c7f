//! A gossip from the form to the feed: it is there, it stays there, and it says what its author said.

use std::time::Instant;

use crate::{
    story::Stop,
    world::{
        World,
        http::{Request, quoted_at_length},
        imposter::Imposter,
    },
};

/// Alice tells something, and nobody hears it.
pub async fn publish_shows_on_feed(world: &mut World) -> Result<(), Stop> {
    let site = world.site().start().await?;
    let mut alice = world.somebody_registered(site.door()).await?;
    let mut bob = world.somebody_registered(site.door()).await?;
    let mut reader = world.someone(site.door())?;
    let (first, second) = (world.gossip(), world.gossip());
    let why = "Publishing is what the site is for. What was told must be where everybody looks.";

    let answer = alice.publishes(&first).await;
    reader.visits("/").await.expect_page(why)?.expect_post(&first, why)?;
    let next = answer.expect_redirect(
        "After a form comes a redirect: whoever reloads the page that answers a POST publishes a second time.",
    )?;
    alice.visits(&next).await.expect_page(why)?.expect_post(&first, why)?;
    bob.publishes(&second).await.expect_redirect(why)?;

    let feed = reader.visits("/").await.expect_page(why)?;
    feed.expect_newest_first(&[&second, &first])?;
    feed.expect_post_by(&bob.name, &second, "A gossip shows who said it.")?;
    feed.expect_post_by(&alice.name, &first, "A gossip shows who said it.")?;
    let profile = reader.visits(&format!("/u/{}", alice.name)).await.expect_page("A profile has its user's posts.")?;
    profile.expect_post(&first, "A profile has its user's posts.")?;
    profile.expect_no_post(&second, "Nobody wants to answer for what somebody else said.")?;

    let (old, twins) = (world.gossip(), [world.gossip(), world.gossip()]);
    world.note("a post of yesterday is added, and two of the same millisecond");
    site.database.add_yesterdays(&alice.name, &old).await?;
    site.database.add_twins(&alice.name, &twins).await?;
    let feed = reader.visits("/").await.expect_page(why)?;
    feed.expect_newest_first(&[&twins[1], &twins[0], &second, &first, &old])?;
    let profile = reader.visits(&format!("/u/{}", alice.name)).await.expect_page("A profile has its user's posts.")?;
    profile.expect_newest_first(&[&twins[1], &twins[0], &first, &old])
}

/// The machine is reset right after Alice was told that her gossip is out.
pub async fn survives_restart(world: &mut World) -> Result<(), Stop> {
    let site = world.site().start().await?;
    let mut alice = world.somebody_registered(site.door()).await?;
    let mut reader = world.someone(site.door())?;
    let (first, second) = (world.gossip(), world.gossip());
    let why = "She was told that it is out. A post that was acknowledged must outlive the process that took it.";

    let began = Instant::now();
    alice.publishes(&first).await.expect_redirect(why)?;
    let usual = began.elapsed();
    site.door().is_killed().await?;
    site.door().starts_again().await?;
    reader.visits("/").await.expect_page(why)?.expect_post(&first, why)?;

    // Nothing can be stored while somebody else writes, so an answer that comes now comes too early.
    let mut alice = alice.another()?;
    alice.logs_in().await.expect_redirect("After a restart one can log in again.")?;
    let publishing = alice.publishes(&second);
    let (seen, lock) = world.while_nothing_can_be_written(&site, usual, publishing).await?;
    if let Some(lock) = lock {
        seen.expect_redirect("A busy database is no reason to refuse a post; it is one to wait.")?;
        site.door().is_killed().await?;
        lock.release().await?;
        site.door().starts_again().await?;
        let why = "She was told that it is out before it was stored; then the process died.";
        reader.visits("/").await.expect_page(why)?.expect_post(&second, why)?;
        return Ok(());
    }
    seen.expect_redirect(why)?;
    reader.visits("/").await.expect_page(why)?.expect_post(&second, why)?;
    Ok(())
}

/// Mallory says something in Bob's name.
pub async fn author_is_the_session(world: &mut World) -> Result<(), Stop> {
    let site = world.site().start().await?;
    let bob = world.somebody_registered(site.door()).await?;
    let mut mallory = world.somebody_registered(site.door()).await?;
    let imposter = Imposter::new(&site, &mallory, &bob).await?;
    let (first, second) = (world.gossip(), world.gossip());
    let why =
        "Whoever can type a name can speak in it. Who says something is who is logged in, whatever the form says.";

    let feed = mallory.visits("/").await.expect_page("The feed has the form.")?;
    let form = feed.html.form_to("/post").unwrap_or_default();
    let mut request = Request::form("/post", &form, &[("content", &first), ("tag", "gossip")]);
    imposter.edits_fields(&mut request);
    let act = format!("{} edits the form, says that it is by {}, and publishes", mallory.name, bob.name);
    let seen = mallory.does(act, &request).await;
    seen.expect_redirect("Fields that nobody asked for are no reason to refuse a post.")?;
    let feed = mallory.visits("/").await.expect_page(why)?;
    feed.expect_post(&first, "Fields that nobody asked for are no reason to lose a post.")?;
    feed.expect_post_by(&mallory.name, &first, why)?;

    imposter.edits_cookies(&mut mallory);
    world.note(format!("{} edits the cookies: they now say {}", mallory.name, bob.name));
    // Whether she is still logged in after that is not what this is about.
    mallory.publishes(&second).await.expect_answer("A cookie can hold anything.")?;
    let profile = mallory.visits(&format!("/u/{}", bob.name)).await.expect_page("A profile is for everybody.")?;
    profile.expect_no_post(&second, why)
}

/// A gossip about tags runs in every reader's browser; one about tables drops them.
pub async fn shows_text_as_text(world: &mut World) -> Result<(), Stop> {
    let site = world.site().start().await?;
    let mut alice = world.somebody_registered(site.door()).await?;
    let (mark, number) = (world.mark(), world.number());
    let texts = [
        format!("<b id=\"{mark}\">bold</b> claims <script id={mark}>alert({number})</script>"),
        format!("'); DROP TABLE posts; -- {number}"),
        format!("Tom & \"Jerry\" aren't & weren't &lt;{number}&gt; &amp; 100 % \\ \\n"),
        format!("{{{{ {number} * 2 }}}} ${{{number}}} %s ? $1 :name"),
        format!("naïve 言葉 🍜 {number}"),
        format!("two  spaces, a\ttab {number}"),
    ];

    for text in &texts {
        alice.publishes(text).await.expect_redirect("Any text is a fine gossip, as long as it is text.")?;
        let feed = alice.visits("/").await.expect_page("A gossip must not break the page that everybody reads.")?;
        feed.expect_harmless(&mark)?;
        feed.expect_post(text, "A reader must read what the author typed, sign for sign.")?;
    }
    site.database.expect_kept_as_typed(&texts, &number.to_string()).await?;

    let old = format!("<i id=\"{mark}\">an old post</i> {number}");
    world.note("a post that was there before any of this has tags, too");
    site.database.add_twins(&alice.name, std::slice::from_ref(&old)).await?;
    site.database.add_tagged(&alice.name, &format!("<i id=\"{mark}\">"), "an old tag").await?;
    for path in ["/", &format!("/u/{}", alice.name)] {
        let page = alice.visits(path).await.expect_page("Pages show what is in the database.")?;
        page.expect_harmless(&mark)?;
        page.expect_post(&old, "A reader must read what the author typed, sign for sign.")?;
    }
    Ok(())
}

/// Bob writes for ten minutes, one character too long, and gets an empty form back.
pub async fn keeps_what_you_typed(world: &mut World) -> Result<(), Stop> {
    let site = world.site().start().await?;
    let mut bob = world.somebody_registered(site.door()).await?;
    let (mark, number) = (world.mark(), world.number());
    let before = site.database.count("posts").await?;
    let refused = [
        "  \n\t ".to_owned(),
        "\u{3000}\u{a0}\u{2003}".to_owned(),
        format!("\n\n{}", "x".repeat(501)),
        format!("{number} {}", "pasted from elsewhere ".repeat(1000)),
        format!("</textarea><b id=\"{mark}\">\"&lt;'</b>\n{}", "é ".repeat(250)),
        // 72 families are 504 characters as Unicode counts them, and 72 as an eye does.
        "👨‍👩‍👧‍👦".repeat(72),
    ];
    let accepted = [
        format!("{number}{}", "🍜".repeat(496)),
        format!("{number}\n{}", "a\n".repeat(247) + "z"),
        format!("  \n {number}{} \n ", "y".repeat(496)),
    ];

    for text in &refused {
        let page = bob.publishes(text).await;
        let page = page.expect_status(422, "A gossip is 1 to 500 characters (Unicode scalars, after trimming).")?;
        page.expect_harmless(&mark)?;
        let why = "What somebody typed for ten minutes is theirs; throwing it away costs more than one post.";
        page.expect_still_typed(text, why)?;
        page.expect_alert("Who is refused is told what is wrong, and so is who cannot see the page.")?;
        page.expect_at_least_one_post("It is the feed's page: what others said does not go away.")?;
    }
    for tag in [format!("<b id={mark}>"), "two words".to_owned(), "x".repeat(31)] {
        let content = world.gossip();
        let act = format!("{} publishes with the tag {}", bob.name, quoted_at_length(&tag));
        let seen = bob.does(act, &Request::post("/post", &[("content", &content), ("tag", &tag)])).await;
        let page = seen.expect_status(422, "A tag is at most 30 letters a–z, digits or hyphens.")?;
        page.expect_harmless(&mark)?;
        page.expect_still_typed(&content, "What was typed well is still there, too.")?;
        page.expect_still_in("/post", "tag", &tag, "What has to be changed is there to be changed.")?;
    }
    site.database.expect_posts(before, "A post that its author was told is not out must not be out.").await?;

    for text in &accepted {
        let why = "It has no more than 500 characters: an emoji is one, and so is the end of a line (CR LF).";
        world.note(format!("the next one has {} characters after trimming", text.trim().chars().count()));
        bob.publishes(text).await.expect_redirect(why)?;
        bob.visits("/").await.expect_page(why)?.expect_post(text, why)?;
    }
    for (tag, kept) in [(Some("  #Family-2 "), "family-2"), (Some(""), "gossip"), (None, "gossip")] {
        let content = world.gossip();
        let fields = [("content", content.as_str())].into_iter().chain(tag.map(|tag| ("tag", tag)));
        let request = Request::post("/post", &fields.collect::<Vec<_>>());
        let act = format!(
            "{} publishes with {}",
            bob.name,
            tag.map_or("no tag".to_owned(), |tag| format!("the tag {}", quoted_at_length(tag)))
        );
        bob.does(act, &request).await.expect_redirect("That is a fine tag, and so is none.")?;
        let why = "A tag is trimmed, freed of its #, and in lower case; who gives none tells gossip.";
        bob.visits("/").await.expect_page(why)?.expect_tag(kept, &content, why)?;
    }
    let kept: Vec<String> = accepted.iter().map(|text| text.trim().to_owned()).collect();
    site.database.expect_kept_as_typed(&kept, &number.to_string()).await
}
