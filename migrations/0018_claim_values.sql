-- A claim's value reaches remote schemas and handlers in a header, and a line break in it would begin another header. The command
-- line never took one; SQL did.
--
-- `not valid`: rows that are there already stay, so that none of them stops an update of the program, and the table is not read under
-- the lock. A new value is checked, and so is an old one that is written again; `migrate` and `doctor` name those that are left.
-- Names of claims and roles have had a pattern without control characters since 0001 and 0005.
alter table auth.custom_claims
  add constraint custom_claims_value_is_sendable
    check (value !~ '[\u0001-\u001f\u007f-\u009f]') not valid;
