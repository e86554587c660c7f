-- Who is logged in, one row for each browser: found by its selector, believed for its verifier.
create table sessions (
    selector text primary key,
    verifier_hash blob not null,
    user_id integer not null,
    expires_at integer not null
) without rowid;

create index sessions_expires_at on sessions (expires_at);
