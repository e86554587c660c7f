-- Names are kept in lower case, so that Alice and alice are one; unique, because a profile's address is the name.
create table users (
    id integer primary key autoincrement,
    name text not null unique,
    password_hash text not null,
    -- Milliseconds since 1970, like every time in here.
    created_at integer not null
);
