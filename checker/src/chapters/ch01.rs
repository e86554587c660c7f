//! 2004: Gossip.com goes live. One process, one file; what is published stays published, and says what its author said.

use std::time::{Duration, Instant};

use rand::RngExt;

use crate::{
    scenario,
    scenario::Scenario,
    story::{Stop, failed},
    world::{
        World,
        http::{Browser, Page, Request, quoted},
        site::Site,
    },
};

pub const SCENARIOS: &[Scenario] = &[
    scenario!(publish_shows_on_feed),
    scenario!(survives_restart),
    scenario!(author_is_the_session),
    scenario!(shows_text_as_text),
    scenario!(keeps_what_you_typed),
    scenario!(register_login_logout),
    scenario!(wrong_password_is_refused),
    scenario!(one_name_one_person),
    scenario!(needs_login),
    scenario!(cross_site_form_refused),
    scenario!(passwords_are_hashed),
    scenario!(pages_keep_their_shape),
    scenario!(stops_gracefully),
    scenario!(double_click_is_one_post),
    scenario!(a_thousand_posts_stay_bounded),
    scenario!(order_holds_in_a_crowd),
];

/// Alice tells something, and nobody hears it.
async fn publish_shows_on_feed(world: &mut World) -> Result<(), Stop> {
    let site = world.site().start().await?;
    let mut alice = world.somebody_registered(site.door()).await?;
    let mut bob = world.somebody_registered(site.door()).await?;
    let mut reader = world.someone(site.door())?;
    let (first, second) = (world.gossip(), world.gossip());

    let next = alice.publishes(&first).await.expect_redirect(
        "After a form comes a redirect: whoever reloads the page that answers a POST publishes a second time.",
    )?;
    let why = "Publishing is what the site is for. What was told must be where everybody looks.";
    alice.visits(&next).await.expect_page(why)?.expect_post(&first, why)?;
    bob.publishes(&second).await.expect_redirect(why)?;

    let feed = reader.visits("/").await.expect_page(why)?;
    expect_order(&feed, &[&second, &first])?;
    expect_author(&feed, &second, &bob.name)?;
    expect_author(&feed, &first, &alice.name)?;
    let profile = reader.visits(&format!("/u/{}", alice.name)).await.expect_page("A profile has its user's posts.")?;
    profile.expect_post(&first, "A profile has its user's posts.")?;
    if profile.place_of(&second).is_some() {
        return failed(
            format!("the profile of {} has her posts only", alice.name),
            format!("it has {}, which {} wrote", quoted(&second), bob.name),
            "Nobody wants to answer for what somebody else said.",
        );
    }

    let twins = [world.gossip(), world.gossip()];
    world.note("two posts arrive in the same millisecond");
    site.database.add_twins(&alice.name, &twins).await?;
    let feed = reader.visits("/").await.expect_page(why)?;
    expect_order(&feed, &[&twins[1], &twins[0], &second, &first])
}

/// The machine is reset right after Alice was told that her gossip is out.
async fn survives_restart(world: &mut World) -> Result<(), Stop> {
    let site = world.site().start().await?;
    let mut alice = world.somebody_registered(site.door()).await?;
    let (first, second) = (world.gossip(), world.gossip());
    let mut reader = world.someone(site.door())?;
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
    world.note("the database is busy: somebody else holds its write lock");
    let lock = site.database.lock_writes().await?;
    let patience = Duration::from_millis(300) + usual * 20;
    let mut publishing = std::pin::pin!(alice.publishes(&second));
    match tokio::time::timeout(patience, &mut publishing).await {
        Err(_) => {
            world.note("the write lock is free");
            lock.release().await?;
            publishing.await.expect_redirect(why)?;
            reader.visits("/").await.expect_page(why)?.expect_post(&second, why)?;
            Ok(())
        }
        Ok(early) => {
            early.expect_redirect("A busy database is no reason to refuse a post; it is one to wait.")?;
            site.door().is_killed().await?;
            lock.release().await?;
            site.door().starts_again().await?;
            let feed = reader.visits("/").await.expect_page(why)?;
            feed.expect_post(&second, "She was told that it is out before it was stored; then the process died.")?;
            Ok(())
        }
    }
}

/// Mallory says something in Bob's name.
async fn author_is_the_session(world: &mut World) -> Result<(), Stop> {
    let site = world.site().start().await?;
    let bob = world.somebody_registered(site.door()).await?;
    let mut mallory = world.somebody_registered(site.door()).await?;
    let (bob_id, own_id) = (site.database.user_id(&bob.name).await?, site.database.user_id(&mallory.name).await?);
    let content = world.gossip();

    let swap = Swap { own: (&mallory.name.clone(), own_id), theirs: (&bob.name, bob_id) };
    let form = mallory.sends(&Request::get("/")).await.expect_page("The feed has the form.")?.html.form_to("/post");
    let mut request = Request::form("/post", &form.unwrap_or_default(), &[("content", &content), ("tag", "gossip")]);
    swap.in_fields(&mut request);
    let moment = world.timeline().begin(format!("{} publishes {} as {}", mallory.name, quoted(&content), bob.name));
    let seen = mallory.sends(&request).await;
    moment.end(seen.summary());

    let why =
        "Whoever can type a name can speak in it. Who says something is who is logged in, whatever the form says.";
    seen.expect_redirect("Fields that nobody asked for are no reason to refuse a post.")?;
    let feed = mallory.visits("/").await.expect_page(why)?;
    feed.expect_post(&content, "Fields that nobody asked for are no reason to lose a post.")?;
    expect_written_by(&feed, &content, &mallory.name, why)?;

    let second = world.gossip();
    if swap.in_cookies(&mut mallory) {
        world.note(format!("{} edits the cookies: they now say {}", mallory.name, bob.name));
        mallory.publishes(&second).await;
        let feed = world.someone(site.door())?.visits("/").await.expect_page(why)?;
        if feed.place_of(&second).is_some() {
            return expect_written_by(&feed, &second, &mallory.name, why);
        }
    }
    Ok(())
}

/// A gossip about tags runs in every reader's browser; one about tables drops them.
async fn shows_text_as_text(world: &mut World) -> Result<(), Stop> {
    let site = world.site().start().await?;
    let mut alice = world.somebody_registered(site.door()).await?;
    let mark = format!("m{:08x}", world.rng().random::<u32>());
    let number = world.rng().random_range(1000..10_000);
    let texts = [
        format!("<b id=\"{mark}\">bold</b> claims <script id={mark}>alert({number})</script>"),
        format!("'); DROP TABLE posts; -- {number}"),
        format!("Tom & \"Jerry\" aren't & weren't &lt;{number}&gt; &amp; 100 % \\ \\n"),
        format!("{{{{ {number} * 2 }}}} ${{{number}}} %s ? $1 :name"),
        format!("naïve 言葉 🍜 {number}"),
    ];

    for text in &texts {
        let seen = alice.publishes(text).await;
        seen.expect_redirect("It is a fine gossip: any text is, as long as it is text.")?;
        let feed = alice.visits("/").await.expect_page("A gossip must not break the page that everybody reads.")?;
        expect_harmless(&feed, &mark)?;
        feed.expect_post(text, "A reader must read what the author typed, sign for sign.")?;
    }
    let kept = site.database.posts().await?;
    for text in &texts {
        if !kept.iter().any(|post| post.content == *text) {
            let saw = kept.iter().rev().find(|post| post.content.contains(&number.to_string()));
            return failed(
                format!("the database keeps {}", quoted(text)),
                saw.map_or("it is not in the table posts".to_owned(), |post| {
                    format!("it keeps {}", quoted(&post.content))
                }),
                "Text is kept as it was typed and made safe where it is shown: what is safe in HTML is garbage in a mail.",
            );
        }
    }

    let old = format!("<i id=\"{mark}\">an old post</i> {number}");
    world.note(format!("a post that was there before any of this: {}", quoted(&old)));
    site.database.add_twins(&alice.name, std::slice::from_ref(&old)).await?;
    for page in ["/".to_owned(), format!("/u/{}", alice.name)] {
        let page = alice.visits(&page).await.expect_page("Pages show what is in the database.")?;
        expect_harmless(&page, &mark)?;
        page.expect_post(&old, "A reader must read what the author typed, sign for sign.")?;
    }
    Ok(())
}

/// Bob writes for ten minutes, one character too long, and gets an empty form back.
async fn keeps_what_you_typed(world: &mut World) -> Result<(), Stop> {
    let site = world.site().start().await?;
    let mut bob = world.somebody_registered(site.door()).await?;
    let mark = format!("m{:08x}", world.rng().random::<u32>());
    let before = site.database.count("posts").await?;

    let family = "👨‍👩‍👧‍👦";
    let refused = [
        "  \n\t ".to_owned(),
        "\u{3000}\u{a0}\u{2003}".to_owned(),
        "x".repeat(501),
        format!("</textarea><b id=\"{mark}\">\"&lt;'</b>\n{}", "é ".repeat(250)),
        // 72 families are 504 characters as Unicode counts them, and 72 as an eye does.
        family.repeat(72),
    ];
    for text in &refused {
        let seen = bob.publishes(text).await;
        let why = "A gossip is 1 to 500 characters (Unicode scalars, after trimming).";
        let page = seen.expect_status(422, why)?;
        expect_harmless(&page, &mark)?;
        let typed = page.html.form_to("/post").and_then(|form| form.field("content").map(|field| field.value.clone()));
        let typed = typed.map(|typed| typed.replace("\r\n", "\n"));
        if typed.as_deref() != Some(text) {
            return failed(
                format!("the form again, with {} still in it", quoted(text)),
                typed.map_or("no form with a field \"content\"".to_owned(), |typed| {
                    format!("it holds {}", quoted(&typed))
                }),
                "What somebody typed for ten minutes is theirs; throwing it away costs more than one post.",
            );
        }
    }
    let kept = site.database.count("posts").await?;
    if kept != before {
        return failed(
            "what is refused is not kept",
            format!("{} more posts in the table", kept.saturating_sub(before)),
            "A post that its author was told is not out must not be out.",
        );
    }

    let number = world.rng().random_range(1000..10_000);
    let accepted = [format!("{number}{}", "🍜".repeat(496)), format!("{number}\n{}", "a\n".repeat(247) + "z")];
    for text in &accepted {
        let scalars = text.chars().count();
        let why = "It has no more than 500 characters: an emoji is one, and so is the end of a line (CR LF).";
        world.note(format!("the next one has {scalars} characters, {} bytes", text.len()));
        bob.publishes(text).await.expect_redirect(why)?;
        bob.visits("/").await.expect_page(why)?.expect_post(text, why)?;
    }
    Ok(())
}

/// The way in and the way out.
async fn register_login_logout(world: &mut World) -> Result<(), Stop> {
    let site = world.site().start().await?;
    comes_and_goes(world, &site).await
}

/// Somebody else's guess opens Alice's account.
async fn wrong_password_is_refused(world: &mut World) -> Result<(), Stop> {
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
async fn one_name_one_person(world: &mut World) -> Result<(), Stop> {
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
    alice.logs_in().await.expect_redirect("The first one to have the name keeps it, and her password.")?;
    Ok(())
}

/// Anybody can publish, and nobody did it.
async fn needs_login(world: &mut World) -> Result<(), Stop> {
    let site = world.site().start().await?;
    let mut stranger = world.someone(site.door())?;
    let content = world.gossip();

    let seen = stranger.publishes(&content).await;

    seen.expect_redirect_to("/login", "Who is not logged in is asked to, and nothing is published.")?;
    let feed = stranger.visits("/").await.expect_page("Anyone may read the feed.")?;
    if feed.place_of(&content).is_some() {
        return failed(
            "nothing is published without a login",
            "it is on the feed",
            "Every gossip has somebody who said it.",
        );
    }
    let nobody = format!("/u/{}", stranger.name);
    stranger.visits(&nobody).await.expect_status(404, "There is no profile of somebody who does not exist.")?;
    Ok(())
}

/// A page on another site publishes in the name of whoever looks at it.
async fn cross_site_form_refused(world: &mut World) -> Result<(), Stop> {
    let site = world.site().start().await?;
    let mut alice = world.somebody_registered(site.door()).await?;
    let own = format!("http://{}", alice.address());
    let content = world.gossip();
    let fields = [("content", content.as_str()), ("tag", "gossip"), ("name", "mallory"), ("password", "mallory's own")];

    for origin in ["https://evil.example".to_owned(), format!("{own}.evil.example"), "null".to_owned(), own + "0"] {
        for path in ["/post", "/register", "/login", "/logout"] {
            let moment = world.timeline().begin(format!("a page of {origin} sends her browser to POST {path}"));
            let seen = alice.sends(&Request::post(path, &fields).with_origin(&origin)).await;
            moment.end(seen.summary());
            seen.expect_status(
                403,
                "Her browser sends her cookie with any site's form, but says in Origin whose form it is.",
            )?;
        }
    }
    let feed = alice.visits("/").await.expect_page("Nothing has happened.")?;
    feed.expect_greets(&alice.name, "A form of another site must not log anybody in or out.")?;
    if site.database.posts().await?.iter().any(|post| post.content == content) {
        return failed("nothing is published", "it is in the table posts", "A refusal must come before the deed.");
    }
    Ok(())
}

/// A copy of the database is sold, and with it everybody's password.
async fn passwords_are_hashed(world: &mut World) -> Result<(), Stop> {
    let site = world.site().start().await?;
    let alice = world.somebody_registered(site.door()).await?;
    let mut bob = world.someone(site.door())?;
    bob.password.clone_from(&alice.password);
    bob.registers().await.expect_redirect("Two people may have the same password.")?;

    let why = "Whoever reads the table, from a backup or a bug, must not learn anybody's password.";
    world.note("somebody copies the whole database");
    let hex: String = alice.password.bytes().map(|byte| format!("{byte:02x}")).collect();
    for (table, text) in site.database.everything().await? {
        if text.contains(&alice.password) || text.to_lowercase().contains(&hex) {
            return failed("no password is in the database", format!("the table {table} has {}'s", alice.name), why);
        }
    }
    let hashes = [site.database.password_hash(&alice.name).await?, site.database.password_hash(&bob.name).await?];
    if hashes[0] == hashes[1] {
        return failed(
            "the same password of two people is stored differently (a salt each)",
            "both have the same hash",
            "Without a salt one computation cracks everybody who has that password.",
        );
    }
    const SLOW: [&str; 6] = ["$argon2", "$scrypt$", "$2b$", "$2a$", "$2y$", "$pbkdf2"];
    if hashes.iter().all(|hash| SLOW.iter().any(|slow| hash.starts_with(slow))) {
        return Ok(());
    }
    failed(
        "a hash made for passwords, in the usual notation ($argon2id$…)",
        quoted(&hashes[0]),
        "A fast hash lets a thief try billions of passwords a second.",
    )
}

/// A page that a screen reader, or a browser without scripts, cannot use.
async fn pages_keep_their_shape(world: &mut World) -> Result<(), Stop> {
    let site = world.site().start().await?;
    let mut alice = world.somebody_registered(site.door()).await?;
    let mut stranger = world.someone(site.door())?;

    let why = "What programs, tests and screen readers hold on to must stay where it is.";
    for (page, action, fields) in
        [("/register", "/register", ["name", "password"]), ("/login", "/login", ["name", "password"])]
    {
        let page = stranger.visits(page).await.expect_page(why)?;
        expect_accessible(&page)?;
        expect_form(&page, action, &fields)?;
    }
    let feed = alice.visits("/").await.expect_page(why)?;
    expect_accessible(&feed)?;
    expect_form(&feed, "/post", &["content", "tag"])?;
    expect_form(&feed, "/logout", &[])?;
    feed.expect_greets(&alice.name, why)?;
    let seeded = stranger.visits("/").await.expect_page(why)?;
    if seeded.posts().len() < 3 {
        return failed("the three seeded posts, each an <article>", format!("{} articles", seeded.posts().len()), why);
    }
    let sheet = feed.html.all("link").find(|link| link.attributes.get("rel").is_some_and(|rel| rel == "stylesheet"));
    let Some(sheet) = sheet.and_then(|link| link.attributes.get("href")) else {
        return failed("one stylesheet", "no <link rel=\"stylesheet\">", why);
    };
    let style = stranger.visits(sheet).await.expect_page("The stylesheet that the page names is there.")?;
    if style.header("content-type").is_none_or(|kind| !kind.starts_with("text/css")) {
        return failed(
            "content-type text/css",
            style.header("content-type").unwrap_or("none"),
            "Browsers ignore it otherwise.",
        );
    }
    stranger.visits("/health").await.expect_page("Whoever watches the server asks here.")?;
    Ok(())
}

/// A deploy cuts off whoever is in the middle of something.
async fn stops_gracefully(world: &mut World) -> Result<(), Stop> {
    let site = world.site().with("SHUTDOWN_GRACE", "20s").start().await?;
    let began = Instant::now();
    world.somebody_registered(site.door()).await?;
    let usual = began.elapsed();
    let mut late = world.someone(site.door())?;

    world.note("the database is busy: somebody else holds its write lock");
    let lock = site.database.lock_writes().await?;
    let under_way = tokio::spawn(async move { late.registers().await });
    // Long enough for the request to be waiting for the lock; nothing outside the program shows that it does.
    tokio::time::sleep(Duration::from_millis(200) + usual * 5).await;
    site.door().is_told_to_stop();
    world.note("the write lock is free");
    lock.release().await?;

    let seen = under_way.await?;
    seen.expect_redirect("SIGTERM comes with every deploy. What is under way is finished, then the process ends.")?;
    let why = "A supervisor that waits in vain ends the process with SIGKILL, and everything under way with it.";
    site.door().expect_stopped(Duration::from_secs(10), why).await
}

/// One impatient click too many, and everybody reads it twice.
async fn double_click_is_one_post(world: &mut World) -> Result<(), Stop> {
    let site = world.site().start().await?;
    let mut alice = world.somebody_registered(site.door()).await?;
    let content = world.gossip();
    let why = "A double click sends the same form twice. The form knows that it is the same.";

    let page = alice.visits("/").await.expect_page(why)?;
    let form = page.html.form_to("/post").unwrap_or_default();
    let request = Request::form("/post", &form, &[("content", &content), ("tag", "gossip")]);
    let (mut one, mut other) = (alice.clone(), alice.clone());
    let moment = world.timeline().begin(format!("{} clicks twice on Publish", alice.name));
    let (first, second) = tokio::join!(one.sends(&request), other.sends(&request));
    moment.end(format!("{}; {}", first.summary(), second.summary()));
    for seen in [&first, &second, &alice.sends(&request).await] {
        seen.expect_redirect("Both clicks go well, as far as she can see.")?;
    }
    let feed = alice.visits("/").await.expect_page(why)?;
    expect_times(&feed, &content, 1, why)?;

    alice.publishes(&content).await.expect_redirect("She may say it again, in a form of its own.")?;
    let feed = alice.visits("/").await.expect_page(why)?;
    expect_times(&feed, &content, 2, "Saying the same again is not a double click.")
}

/// The feed grows with every post, until nobody can open it.
async fn a_thousand_posts_stay_bounded(world: &mut World) -> Result<(), Stop> {
    let site = world.site().start().await?;
    let mut alice = world.somebody_registered(site.door()).await?;
    let posts: Vec<String> = (0..1000).map(|_| world.gossip()).collect();
    world.note("a thousand posts are published");
    site.database.add_posts(site.database.user_id(&alice.name).await?, &posts).await?;

    let why = "A page that grows with the table gets slower every day.";
    for path in ["/".to_owned(), format!("/u/{}", alice.name)] {
        let page = alice.visits(&path).await.expect_page(why)?;
        let shown = page.posts().len();
        world.measured(if path == "/" { "posts on the feed" } else { "posts on a profile" }, shown);
        if shown > 100 {
            return failed(format!("at most 100 posts on {path}"), format!("{shown} posts"), why);
        }
        page.expect_post(&posts[999], "What is shown is the newest.")?;
    }
    Ok(())
}

/// Answers stand above their questions.
async fn order_holds_in_a_crowd(world: &mut World) -> Result<(), Stop> {
    let site = world.site().start().await?;
    let mut authors = Vec::new();
    for _ in 0..3 {
        authors.push(world.somebody_registered(site.door()).await?);
    }
    let mut writing = tokio::task::JoinSet::new();
    for author in &authors {
        for _ in 0..2 {
            let (author, posts) = (author.clone(), [world.gossip(), world.gossip(), world.gossip(), world.gossip()]);
            writing.spawn(tells(author, posts));
        }
    }
    let mut told = Vec::new();
    while let Some(posts) = writing.join_next().await {
        told.extend(posts??);
    }
    let feed = world.someone(site.door())?.visits("/").await.expect_page("The feed is for everybody.")?;
    world.measured("posts told at once", told.len());
    if let Some((earlier, later)) = first_out_of_order(&told, &feed)? {
        return failed(
            "what was acknowledged before another was sent stands below it",
            format!("{} stands above {}, which came after it", quoted(earlier), quoted(later)),
            "Newest first, whoever writes at the same time: else an answer stands below its question.",
        );
    }
    Ok(())
}

/// A post, when it was sent, and when it was acknowledged.
struct Told {
    content: String,
    sent: Instant,
    acknowledged: Instant,
}

async fn tells(mut author: Browser, posts: [String; 4]) -> Result<Vec<Told>, Stop> {
    let mut told = Vec::new();
    for content in posts {
        let sent = Instant::now();
        author.publishes(&content).await.expect_redirect("A crowd is no reason to refuse.")?;
        told.push(Told { content, sent, acknowledged: Instant::now() });
    }
    Ok(told)
}

/// Two posts, the earlier of which stands above the later.
fn first_out_of_order<'t>(told: &'t [Told], feed: &Page) -> Result<Option<(&'t str, &'t str)>, Stop> {
    let mut places = Vec::new();
    for post in told {
        places.push((post, feed.expect_post(&post.content, "The feed shows the newest posts.")?));
    }
    let wrong = places.iter().find_map(|(earlier, above)| {
        let later = places.iter().find(|(later, below)| earlier.acknowledged < later.sent && above < below);
        later.map(|(later, _)| (earlier.content.as_str(), later.content.as_str()))
    });
    Ok(wrong)
}

/// What somebody who wants to be somebody else puts in the place of their own name and id.
struct Swap<'a> {
    own: (&'a str, i64),
    theirs: (&'a str, i64),
}

impl Swap<'_> {
    /// In every field that holds the own name or id, and in fields that a handler might look for.
    fn in_fields(&self, request: &mut Request) {
        let (name, id) = (self.theirs.0.to_owned(), self.theirs.1.to_string());
        for (_, value) in &mut request.fields {
            if *value == self.own.0 {
                value.clone_from(&name);
            } else if *value == self.own.1.to_string() {
                value.clone_from(&id);
            }
        }
        for field in ["name", "author", "user", "username", "author_name"] {
            add_field(request, field, &name);
        }
        for field in ["user_id", "author_id", "userid"] {
            add_field(request, field, &id);
        }
    }

    /// In cookies that show whose they are; true if there was one.
    fn in_cookies(&self, browser: &mut Browser) -> bool {
        let own_id = self.own.1.to_string();
        let cookies = browser.cookies().clone();
        let mut swapped = false;
        for (name, value) in cookies {
            let forged =
                if value == own_id { self.theirs.1.to_string() } else { value.replace(self.own.0, self.theirs.0) };
            swapped |= forged != value;
            browser.set_cookie(&name, &forged);
        }
        swapped
    }
}

fn add_field(request: &mut Request, name: &str, value: &str) {
    if !request.fields.iter().any(|(own, _)| own == name) {
        request.fields.push((name.to_owned(), value.to_owned()));
    }
}

async fn comes_and_goes(world: &mut World, site: &Site) -> Result<(), Stop> {
    let mut alice = world.someone(site.door())?;

    alice.registers().await.expect_redirect("Registering is a form; after it comes a page.")?;
    let feed = alice.visits("/").await.expect_page("The feed is for everybody.")?;
    feed.expect_greets(&alice.name, "Who has just registered is logged in.")?;
    let profile = format!("/u/{}", alice.name);
    alice.visits(&profile).await.expect_page("Everybody has a profile.")?;

    let kept = alice.clone();
    alice.logs_out().await.expect_redirect("Logging out is a form; after it comes a page.")?;
    alice.visits("/").await.expect_page("The feed is for everybody.")?.expect_stranger("She has logged out.")?;
    let mut thief = kept;
    world.note(format!("somebody uses a copy of the cookie that {} had before", alice.name));
    let page = thief.visits("/").await.expect_page("The feed is for everybody.")?;
    page.expect_stranger(
        "Logging out ends the session on the server; dropping the cookie ends it in one browser only.",
    )?;

    alice.logs_in().await.expect_redirect("She comes back.")?;
    let feed = alice.visits("/").await.expect_page("The feed is for everybody.")?;
    feed.expect_greets(&alice.name, "Who has just logged in is logged in.")
}

fn expect_order(feed: &Page, newest_first: &[&String]) -> Result<(), Stop> {
    let mut above = None;
    for content in newest_first {
        let place = feed.expect_post(content, "What was told must be where everybody looks.")?;
        if above.is_some_and(|above| place < above) {
            return failed(
                format!("newest first, ties by id: {} further down", quoted(content)),
                "it stands above a newer one",
                "People read the top of the page, and expect the newest there.",
            );
        }
        above = Some(place);
    }
    Ok(())
}

fn expect_author(page: &Page, content: &str, author: &str) -> Result<(), Stop> {
    expect_written_by(page, content, author, "A gossip shows who said it.")
}

fn expect_written_by(page: &Page, content: &str, author: &str, why: &str) -> Result<(), Stop> {
    let place = page.expect_post(content, why)?;
    let post = &page.posts()[place];
    if post.contains(author) {
        return Ok(());
    }
    failed(format!("{} is by {author}", quoted(content)), format!("the page says {}", quoted(post)), why)
}

/// No element of the page carries the mark: text stayed text.
fn expect_harmless(page: &Page, mark: &str) -> Result<(), Stop> {
    match page.html.by_id(mark) {
        None => Ok(()),
        Some(element) => failed(
            "what somebody typed is shown as text",
            format!("it became a <{}> element of the page", element.tag),
            "Whoever can write an element can write a script, and that runs in every reader's browser, as that reader.",
        ),
    }
}

fn expect_times(page: &Page, content: &str, times: usize, why: &str) -> Result<(), Stop> {
    let shown = page.count_of(content);
    if shown == times {
        return Ok(());
    }
    failed(format!("{} is on the feed {times}×", quoted(content)), format!("{shown}×"), why)
}

fn expect_form(page: &Page, action: &str, fields: &[&str]) -> Result<(), Stop> {
    let why = "Whoever has no browser at hand sends this form too: its address and names are the contract.";
    let Some(form) = page.html.form_to(action) else {
        return failed(format!("a form with action \"{action}\""), "there is none", why);
    };
    if form.method != "post" {
        return failed("method \"post\"", format!("method \"{}\"", form.method), why);
    }
    match fields.iter().find(|field| form.field(field).is_none()) {
        None => Ok(()),
        Some(field) => failed(format!("a field \"{field}\" in the form to {action}"), "there is none", why),
    }
}

fn expect_accessible(page: &Page) -> Result<(), Stop> {
    let why = "A page must work for those who hear it instead of seeing it, and without scripts.";
    let html = &page.html;
    if html.all("html").all(|html| html.attributes.get("lang").is_none_or(String::is_empty)) {
        return failed("<html lang=…>", "no language is named", why);
    }
    if html.all("title").next().is_none_or(|title| title.text.trim().is_empty()) {
        return failed("a <title>", "there is none", why);
    }
    let labelled: Vec<_> = html.all("label").filter_map(|label| label.attributes.get("for")).collect();
    let inputs = html.elements().iter().filter(|element| matches!(element.tag.as_str(), "input" | "textarea"));
    for input in inputs.filter(|input| input.attributes.get("type").is_none_or(|kind| kind != "hidden")) {
        let is_labelled = input.attributes.get("id").is_some_and(|id| labelled.contains(&id));
        if !is_labelled && !input.attributes.contains_key("aria-label") {
            let name = input.attributes.get("name").cloned().unwrap_or_default();
            return failed(format!("a <label> for the field \"{name}\""), "it has none", why);
        }
    }
    Ok(())
}
