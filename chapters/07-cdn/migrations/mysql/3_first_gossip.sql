-- The first gossip, so that nobody opens an empty page. Nobody can log in as these: `!` is the hash of no password.
insert into users (id, name, password_hash, created_at) values
    (1, 'baby_hope', '!', 1077451200000),
    (2, 'aunt_may', '!', 1077454800000);

insert into posts (user_id, tag, content, created_at) values
    (1, 'kindergarten', 'Happiness is hearing something you weren''t supposed to.', 1077451260000),
    (2, 'family', 'He is four, and he has a website. One server, everything in it, five dollars a month.', 1077454860000),
    (1, 'kindergarten', 'Nap time is when the teachers talk. I was not asleep.', 1077458400000);
