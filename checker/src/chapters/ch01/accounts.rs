//! Who is who: the way in, the way out, and those who try another way.

use crate::{
    chapters::earlier,
    story::{Stop, failed},
    world::{
        World,
        http::{Request, quoted},
    },
};

/// The way in and the way out.
pub async fn register_login_logout(world: &mut World) -> Result<(), Stop> {
    let site = world.site().start().await?;
    let mut alice = world.someone(site.door())?;

    alice.registers().await.expect_redirect("Registering is a form; after it comes a page.")?;
    let feed = alice.visits("/").await.expect_page("The feed is for everybody.")?;
    feed.expect_greets(&alice.name, "Who has just registered is logged in.")?;
    let profile = format!("/u/{}", alice.name);
    alice.visits(&profile).await.expect_page("Everybody has a profile.")?;

    earlier::logs_out_for_good(world, &mut alice).await?;

    alice.logs_in().await.expect_redirect("She comes back.")?;
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
    Ok(())
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

    for origin in ["https://evil.example", &format!("{own}.evil.example"), "null", &format!("{own}0")] {
        for path in ["/post", "/register", "/login", "/logout"] {
            let act = format!("a page of {origin} sends her browser to POST {path}");
            let request = Request::post(path, &fields).with_origin(origin);
            alice.does(act, &request).await.expect_status(403, why)?;
        }
    }

    let feed = alice.visits("/").await.expect_page("Nothing has happened.")?;
    feed.expect_greets(&alice.name, "A form of another site must not log anybody in or out.")?;
    site.database.expect_no_post(&content, "A refusal must come before the deed.").await
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
    if hashes.iter().all(|hash| hash.starts_with("$argon2id$")) {
        return Ok(());
    }
    failed(
        "a hash made for passwords, in the notation that the contract names ($argon2id$…)",
        quoted(&hashes[0]),
        "A fast hash lets a thief try billions of passwords a second.",
    )
}
