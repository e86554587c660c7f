-- What the store of sessions keeps: a record for each, which only the program understands.
create table tower_sessions (
    id text primary key not null,
    data text not null,
    expiry_date integer not null
);

create index tower_sessions_expiry_date on tower_sessions (expiry_date);
