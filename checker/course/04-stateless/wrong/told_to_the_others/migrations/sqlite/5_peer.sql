-- Where each server can be reached by the others.
create table peers (address text primary key) without rowid;
