-- Who is logged in, one row for each browser. Every request of somebody who is logged in finds its row by the primary
-- key. It holds the hash of what the cookie says: a copy of this table logs nobody in.
create table sessions (
    id_hash binary(32) primary key,
    user_id bigint not null,
    -- Compared at every request, so the row may stay a while after it.
    expires_at bigint not null
);

-- For whoever sweeps out what is over: the sweep reads those rows and no others.
create index sessions_expires_at on sessions (expires_at);
