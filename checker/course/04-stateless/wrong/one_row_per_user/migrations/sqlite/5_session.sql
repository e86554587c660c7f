-- Who is logged in.
create table sessions (
    user_id integer primary key,
    id_hash blob not null unique,
    expires_at integer not null
);

create index sessions_expires_at on sessions (expires_at);
