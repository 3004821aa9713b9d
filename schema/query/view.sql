-- SPDX-License-Identifier: Apache-2.0
-- Stores that include others, and the views of models.

-- name: store_insert
-- in: store_id, title, created
INSERT INTO store (store_id, title, created) VALUES ($1, $2, $3);

-- A store that is there already stays as it is.
-- name: store_ensure
-- in: store_id, created
INSERT INTO store (store_id, title, created) VALUES ($1, '', $2)
ON CONFLICT (store_id) DO NOTHING;

-- name: store_list
-- out: as store_insert takes; by store_id
SELECT store_id, title, created FROM store ORDER BY store_id;

-- name: store_include_insert
-- in: store_id, parent_id, place, made_by, created
INSERT INTO store_include (store_id, parent_id, place, made_by, created)
VALUES ($1, $2, $3, $4, $5);

-- name: store_include_delete
-- in: store_id, parent_id
DELETE FROM store_include WHERE store_id = $1 AND parent_id = $2;

-- name: store_include_list
-- out: as store_include_insert takes; by store_id, place, parent_id
SELECT store_id, parent_id, place, made_by, created
FROM store_include ORDER BY store_id, place, parent_id;

-- name: store_rule_put
-- in: store_id, snap_id, rule, made_by, created
INSERT INTO store_rule (store_id, snap_id, rule, made_by, created) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (store_id, snap_id) DO UPDATE
SET rule = excluded.rule, made_by = excluded.made_by, created = excluded.created;

-- name: store_rule_delete
-- in: store_id, snap_id
DELETE FROM store_rule WHERE store_id = $1 AND snap_id = $2;

-- name: store_rule_list
-- out: as store_rule_put takes; by store_id, snap_id
SELECT store_id, snap_id, rule, made_by, created FROM store_rule ORDER BY store_id, snap_id;

-- name: model_view_put
-- in: brand_id, model, mode, made_by, created
INSERT INTO model_view (brand_id, model, mode, made_by, created) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (brand_id, model) DO UPDATE
SET mode = excluded.mode, made_by = excluded.made_by, created = excluded.created;

-- A view that is there already stays as it is.
-- name: model_view_ensure
-- in: brand_id, model, made_by, created
INSERT INTO model_view (brand_id, model, mode, made_by, created) VALUES ($1, $2, 'all', $3, $4)
ON CONFLICT (brand_id, model) DO NOTHING;

-- name: model_view_delete
-- in: brand_id, model
DELETE FROM model_view WHERE brand_id = $1 AND model = $2;

-- name: model_view_list
-- out: as model_view_put takes; by brand_id, model
SELECT brand_id, model, mode, made_by, created FROM model_view ORDER BY brand_id, model;

-- name: model_rule_put
-- in: brand_id, model, snap_id, rule, revision, channel, made_by, created
INSERT INTO model_rule (brand_id, model, snap_id, rule, revision, channel, made_by, created)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (brand_id, model, snap_id) DO UPDATE
SET rule = excluded.rule, revision = excluded.revision, channel = excluded.channel,
        made_by = excluded.made_by, created = excluded.created;

-- name: model_rule_delete
-- in: brand_id, model, snap_id
DELETE FROM model_rule WHERE brand_id = $1 AND model = $2 AND snap_id = $3;

-- name: model_rule_list
-- out: as model_rule_put takes; by brand_id, model, snap_id
SELECT brand_id, model, snap_id, rule, revision, channel, made_by, created
FROM model_rule ORDER BY brand_id, model, snap_id;
