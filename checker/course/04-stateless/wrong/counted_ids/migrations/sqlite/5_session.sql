-- Who is logged in, one row for each browser.
create table sessions (
    id integer primary key autoincrement,
    user_id integer not null,
    expires_at integer not null
);

create index sessions_expires_at on sessions (expires_at);
