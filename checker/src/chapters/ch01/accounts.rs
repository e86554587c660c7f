//! Who is who: the way in, the way out, and those who try another way.

use super::jam::Registering;
use crate::{
    chapters::earlier,
    story::{Stop, failed},
    world::{
        World,
        http::{Request, Seen},
    },
};

/// The way in and the way out.
pub async fn register_login_logout(world: &mut World) -> Result<(), Stop> {
    let site = world.site().start().await?;
    let mut alice = world.someone(site.door())?;

    alice.registers().await.expect_redirect_to("/", "After registering comes the feed.")?;
    let feed = alice.visits("/").await.expect_page("The feed is for everybody.")?;
    feed.expect_greets(&alice.name, "Who has just registered is logged in.")?;
    let profile = format!("/u/{}", alice.name);
    alice.visits(&profile).await.expect_page("Everybody has a profile.")?;

    earlier::logs_out_for_good(world, &mut alice).await?;

    alice.logs_in().await.expect_redirect_to("/", "She comes back to the feed.")?;
    let feed = alice.visits("/").await.expect_page("The feed is for everybody.")?;
    feed.expect_greets(&alice.name, "Who has just logged in is logged in.")
}

/// Somebody else's guess opens Alice's account.
pub async fn wrong_password_is_refused(world: &mut World) -> Result<(), Stop> {
    let site = world.site().start().await?;
    let alice = world.somebody_registered(site.door()).await?;

    let mut guesser = alice.another()?;
    guesser.password = format!("{} ", alice.password);
    let wrong = guesser.logs_in().await.expect_status(422, "A wrong password gets the form again, and a word why.")?;
    wrong.expect_stranger("A wrong password must not log anybody in.")?;
    guesser.visits("/").await.expect_page("The feed is for everybody.")?.expect_stranger("No password, no login.")?;

    let mut nobody = world.someone(site.door())?;
    let unknown = nobody.logs_in().await.expect_status(422, "An unknown name gets what a wrong password gets.")?;
    let same = unknown.body.replace(&nobody.name, "NAME") == wrong.body.replace(&alice.name, "NAME");
    if same {
        return Ok(());
    }
    failed(
        "the same page for an unknown name as for a wrong password",
        "two different pages",
        "The difference tells a stranger which names exist.",
    )
}

/// Two people are called Alice, and one reads the other's mail.
pub async fn one_name_one_person(world: &mut World) -> Result<(), Stop> {
    let site = world.site().start().await?;
    let alice = world.somebody_registered(site.door()).await?;

    for name in [alice.name.clone(), alice.name.to_uppercase(), format!("{} ", alice.name), format!(" {}", alice.name)]
    {
        let mut other = world.someone(site.door())?;
        other.name = name;
        let seen = other.registers().await;
        seen.expect_status(422, "The name is taken: case and blanks around it make no other name.")?;
    }
    let mut alice = alice.another()?;
    alice.name = format!(" {} ", alice.name.to_uppercase());
    alice.logs_in().await.expect_redirect("The first one to have the name keeps it, and her password.")?;

    let one = world.someone(site.door())?;
    let mut other = one.another()?;
    other.password.push_str(", or not");
    world.note(format!("two people register as {} at the same moment", one.name));
    let answers = Registering::behind_a_lock(world, &site, vec![one, other]).await?.go_on(world).await?;
    let taken = |seen: &&Seen| seen.status() == Some(422);
    let joined = |seen: &&Seen| seen.expect_redirect("").is_ok();
    let counts = (answers.iter().filter(joined).count(), answers.iter().filter(taken).count());
    if counts == (1, 1) {
        return Ok(());
    }
    // In an order that does not depend on who was quicker.
    let mut saw: Vec<String> = answers.iter().map(Seen::summary).collect();
    saw.sort();
    failed(
        "one of them has the name, the other is told that it is taken (422)",
        saw.join("; "),
        "Both looked, and the name was free. Between a look and a write lies room for somebody else.",
    )
}

/// Somebody is called <script>, and everybody's password is 1234567.
pub async fn unfit_is_refused(world: &mut World) -> Result<(), Stop> {
    let site = world.site().start().await?;
    let mark = world.mark();
    let before = site.database.count("users").await?;
    let fit = world.someone(site.door())?;
    let names = ["a".to_owned(), "a".repeat(21), "al ice".to_owned(), "al/ice".to_owned(), "álice".to_owned()];
    let names = names.into_iter().chain([format!("\"><b id={mark}>")]).map(|name| (name, fit.password.clone()));
    let passwords = ["1234567".to_owned(), "x".repeat(201)].map(|password| (fit.name.clone(), password));

    for (name, password) in names.chain(passwords) {
        let mut person = fit.another()?;
        (person.name, person.password) = (name, password);
        let seen = person.registers().await;
        let page =
            seen.expect_status(422, "A name is 2 to 20 letters, digits or . - _; a password has 8 to 200 characters.")?;
        page.expect_harmless(&mark)?;
        page.expect_still_in("/register", "name", &person.name, "What has to be changed is there to be changed.")?;
        page.expect_alert("Who is refused is told what is wrong, and so is who cannot see the page.")?;
        page.expect_without(
            &person.password,
            "A password is never shown: not on a screen, not to whoever stands behind it.",
        )?;
    }
    if site.database.count("users").await? != before {
        return failed("nobody has registered", "the table users has grown", "A refusal must come before the deed.");
    }

    let mut typo = fit.another()?;
    typo.name = format!("\"><b id={mark}>");
    let page = typo.logs_in().await;
    let page = page.expect_status(422, "Nobody has that name.")?;
    page.expect_harmless(&mark)?;
    page.expect_still_in("/login", "name", &typo.name, "What has to be changed is there to be changed.")?;
    page.expect_alert("Who is refused is told what is wrong, and so is who cannot see the page.")?;
    page.expect_without(&typo.password, "A password is never shown: not on a screen, not to whoever stands behind it.")
}

/// Anybody can publish, and nobody did it.
pub async fn needs_login(world: &mut World) -> Result<(), Stop> {
    let site = world.site().start().await?;
    let mut stranger = world.someone(site.door())?;
    let content = world.gossip();

    let seen = stranger.publishes(&content).await;

    seen.expect_redirect_to("/login", "Who is not logged in is asked to, and nothing is published.")?;
    let feed = stranger.visits("/").await.expect_page("Anyone may read the feed.")?;
    feed.expect_no_post(&content, "Every gossip has somebody who said it.")?;
    let nobody = format!("/u/{}", stranger.name);
    stranger.visits(&nobody).await.expect_status(404, "There is no profile of somebody who does not exist.")?;
    Ok(())
}

/// A page on another site publishes in the name of whoever looks at it.
pub async fn cross_site_form_refused(world: &mut World) -> Result<(), Stop> {
    let site = world.site().start().await?;
    let mut alice = world.somebody_registered(site.door()).await?;
    let own = format!("http://{}", alice.address());
    let content = world.gossip();
    let fields = [("content", content.as_str()), ("tag", "gossip"), ("name", "mallory"), ("password", "mallory's own")];
    let why = "Her browser sends her cookie with any site's form, but says in Origin whose form it is.";

    let look_alikes = [format!("{own}.evil.example"), format!("{own}0"), own.replace("http://", "http://evil")];
    for origin in look_alikes.iter().map(String::as_str).chain(["https://evil.example", "null"]) {
        for path in ["/post", "/register", "/login", "/logout"] {
            let act = format!("a page of {origin} sends her browser to POST {path}");
            let request = Request::post(path, &fields).with_origin(origin);
            alice.does(act, &request).await.expect_status(403, why)?;
        }
    }

    let feed = alice.visits("/").await.expect_page("Nothing has happened.")?;
    feed.expect_greets(&alice.name, "A form of another site must not log anybody in or out.")?;
    site.database.expect_no_post(&content, "A refusal must come before the deed.").await?;

    let why = "A link is followed with nobody's leave, by browsers that look ahead and by robots. What changes something is a POST.";
    for path in [format!("/post?content={}&tag=gossip", content.replace(' ', "+")), "/logout".to_owned()] {
        alice.visits(&path).await.expect_answer("A link gets some answer.")?;
    }
    alice.visits("/").await.expect_page(why)?.expect_greets(&alice.name, why)?;
    site.database.expect_no_post(&content, why).await?;

    let why = "Without Origin it is no browser that asks, and nobody's cookie came along by accident.";
    let act = format!("a program of {}'s logs out, without a word on where it comes from", alice.name);
    alice.does(act, &Request::post("/logout", &[]).without_origin()).await.expect_redirect(why)?;

    let name = "https://gossip.example";
    let site = world.site().with("ORIGIN", name).start().await?;
    let mut bob = world.someone(site.door())?;
    let fields = [("name", bob.name.clone()), ("password", bob.password.clone())];
    let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
    let own = format!("http://{}", bob.address());
    let why = "The site has a name, in ORIGIN. Whoever reaches it under another one has been led there.";
    let act = format!("a page of {own} sends a browser to POST /register, where ORIGIN is {name}");
    bob.does(act, &Request::post("/register", &fields).with_origin(&own)).await.expect_status(403, why)?;
    let act = format!("a page of {name} sends a browser to POST /register");
    bob.does(act, &Request::post("/register", &fields).with_origin(name)).await.expect_redirect(why)?;
    Ok(())
}

/// A copy of the database is sold, and with it everybody's password.
pub async fn passwords_are_hashed(world: &mut World) -> Result<(), Stop> {
    let site = world.site().start().await?;
    let alice = world.somebody_registered(site.door()).await?;
    let mut bob = world.someone(site.door())?;
    bob.password.clone_from(&alice.password);
    bob.registers().await.expect_redirect("Two people may have the same password.")?;

    let why = "Whoever reads the table, from a backup or a bug, must not learn anybody's password.";
    world.note("somebody copies the whole database");
    site.database.expect_without(&alice.password, &format!("{}'s", alice.name), why).await?;
    let hashes = [site.database.password_hash(&alice.name).await?, site.database.password_hash(&bob.name).await?];
    if hashes[0] == hashes[1] {
        return failed(
            "the same password of two people is stored differently (a salt each)",
            "both have the same hash",
            "Without a salt one computation cracks everybody who has that password.",
        );
    }
    let why = "A fast hash lets a thief try billions of passwords a second.";
    site.database.expect_dear_hash(&alice.name, why).await
}
