-- Sessions that were ended before their time. A row may go when the cookie would have expired.
create table revoked (
    session_id text primary key,
    expires_at integer not null
) without rowid;

create index revoked_expires_at on revoked (expires_at);
