-- Whoever deletes an account takes its address out of the audit log, also where an admin named it: those rows have the
-- admin's user id, so the index by user does not find them. It holds what admins did and nothing else; a log-in never
-- writes to it. Making it reads the log once and writes next to nothing.
create index audit_log_of_admins on auth.audit_log (address) where actor in ('admin', 'admin-secret');
