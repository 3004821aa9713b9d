-- SPDX-License-Identifier: Apache-2.0
-- What people find packages by: addresses, categories, pictures.

-- name: link_insert
-- in: snap_id, kind, position, url
INSERT INTO package_link (snap_id, kind, position, url) VALUES ($1, $2, $3, $4);

-- name: link_delete
-- in: snap_id, kind
DELETE FROM package_link WHERE snap_id = $1 AND kind = $2;

-- name: link_list
-- in: snap_id
-- out: as link_insert takes; by kind and position
SELECT snap_id, kind, position, url FROM package_link WHERE snap_id = $1 ORDER BY kind, position;

-- name: category_insert
-- in: store_id, name, created
INSERT INTO category (store_id, name, created) VALUES ($1, $2, $3);

-- name: category_delete
-- in: store_id, name
DELETE FROM category WHERE store_id = $1 AND name = $2;

-- name: category_list
-- out: as category_insert takes; by store and name
SELECT store_id, name, created FROM category ORDER BY store_id, name;

-- name: category_count_uses
-- in: store_id, name
-- out: how many packages of the store are in it
SELECT count(*) FROM package_category AS c JOIN package AS p ON p.snap_id = c.snap_id
WHERE p.store_id = $1 AND c.name = $2;

-- name: package_category_insert
-- in: snap_id, name
INSERT INTO package_category (snap_id, name) VALUES ($1, $2);

-- name: package_category_delete
-- in: snap_id
DELETE FROM package_category WHERE snap_id = $1;

-- name: package_category_list
-- in: snap_id
-- out: as package_category_insert takes; by name
SELECT snap_id, name FROM package_category WHERE snap_id = $1 ORDER BY name;

-- name: media_insert
-- in: snap_id, revision, kind, position, digest, bytes, format, width, height, created
INSERT INTO media (snap_id, revision, kind, position, digest, bytes, format, width, height, created)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: media_delete
-- in: snap_id, revision, kind
DELETE FROM media WHERE snap_id = $1 AND revision = $2 AND kind = $3;

-- name: media_list
-- in: snap_id
-- out: as media_insert takes; by revision, the icon first, by position
SELECT snap_id, revision, kind, position, digest, bytes, format, width, height, created
FROM media WHERE snap_id = $1 ORDER BY revision, kind, position;
