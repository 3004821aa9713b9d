-- SPDX-License-Identifier: Apache-2.0

-- name: account_insert
-- in: account_id, username, display_name, email, validation, created
INSERT INTO account (account_id, username, display_name, email, validation, created)
VALUES ($1, $2, $3, $4, $5, $6);

-- name: account_get
-- in: account_id
-- out: as account_insert takes
SELECT account_id, username, display_name, email, validation, created
FROM account WHERE account_id = $1;

-- name: account_get_by_username
-- in: username
-- out: as account_insert takes
SELECT account_id, username, display_name, email, validation, created
FROM account WHERE username = $1;

-- name: account_list
-- out: as account_insert takes, by username
SELECT account_id, username, display_name, email, validation, created
FROM account ORDER BY username;

-- name: token_insert
-- in: secret, account_id, kind, permissions, packages, channels, description, expires, created, revoked
-- out: id
INSERT INTO token (secret, account_id, kind, permissions, packages, channels, description,
        expires, created, revoked)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id;

-- name: token_get
-- in: secret
-- out: id, then as token_insert takes
SELECT id, secret, account_id, kind, permissions, packages, channels, description, expires,
        created, revoked
FROM token WHERE secret = $1;

-- name: token_list
-- in: account_id
-- out: id, then as token_insert takes; newest first, revoked ones left out
SELECT id, secret, account_id, kind, permissions, packages, channels, description, expires,
        created, revoked
FROM token WHERE account_id = $1 AND revoked = 0 ORDER BY id DESC;

-- name: token_live_list
-- out: id, then as token_insert takes; of every account, revoked ones left out
SELECT id, secret, account_id, kind, permissions, packages, channels, description, expires,
        created, revoked
FROM token WHERE revoked = 0 ORDER BY id;

-- name: token_count
-- in: account_id
-- out: number of tokens that are not revoked
SELECT count(*) FROM token WHERE account_id = $1 AND revoked = 0;

-- name: token_expire
-- in: now
DELETE FROM token WHERE kind = 'session' AND expires > 0 AND expires <= $1;

-- name: token_revoke
-- in: id
UPDATE token SET revoked = 1 WHERE id = $1;

-- name: audit_insert
-- in: made_by, action, object, detail, created
INSERT INTO audit (made_by, action, object, detail, created) VALUES ($1, $2, $3, $4, $5);

-- name: audit_list
-- in: id to be below, most rows
-- out: id, then as audit_insert takes; newest first
SELECT id, made_by, action, object, detail, created
FROM audit WHERE id < $1 ORDER BY id DESC LIMIT $2;
