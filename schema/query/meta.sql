-- SPDX-License-Identifier: Apache-2.0
-- Migrations, small named values, the catalog generation.

-- name: migration_list
-- out: number, name, sha256
SELECT number, name, sha256 FROM migration ORDER BY number;

-- name: migration_insert
-- in: number, name, sha256
INSERT INTO migration (number, name, sha256) VALUES ($1, $2, $3);

-- name: meta_get
-- in: name
-- out: value
SELECT value FROM meta WHERE name = $1;

-- name: meta_put
-- in: name, value
INSERT INTO meta (name, value) VALUES ($1, $2)
ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- name: generation_get
-- out: generation
SELECT generation FROM catalog WHERE id = 1;

-- name: generation_bump
-- out: generation after it
UPDATE catalog SET generation = generation + 1 WHERE id = 1 RETURNING generation;

-- name: generation_raise
-- in: generation to be above
-- out: generation after it
UPDATE catalog
SET generation = CASE WHEN generation > $1 THEN generation + 1 ELSE $1 + 1 END
WHERE id = 1 RETURNING generation;
