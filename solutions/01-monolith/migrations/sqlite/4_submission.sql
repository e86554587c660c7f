-- Forms that were sent. A second click sends the same form again; the primary key refuses it, in the transaction that
-- would have published twice.
create table submissions (
    form_id text primary key,
    created_at integer not null
) without rowid;
