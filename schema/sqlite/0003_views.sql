-- SPDX-License-Identifier: Apache-2.0
-- Stores on this server that include what other stores have, and what each model sees.

-- The stores of this server. The one of the settings is here once it includes another or has rules.
CREATE TABLE store (
        store_id TEXT NOT NULL PRIMARY KEY CHECK (length(store_id) BETWEEN 1 AND 64),
        title TEXT NOT NULL CHECK (length(title) <= 256),
        created INTEGER NOT NULL CHECK (created >= 0)
) STRICT;

-- Facts: store_id offers what parent_id offers, but for its rules. The domain keeps it free of
-- circles. place: which parent goes first where two have a package of one name.
CREATE TABLE store_include (
        store_id TEXT NOT NULL REFERENCES store (store_id),
        parent_id TEXT NOT NULL CHECK (length(parent_id) BETWEEN 1 AND 64),
        place INTEGER NOT NULL CHECK (place >= 0),
        made_by TEXT NOT NULL,
        created INTEGER NOT NULL CHECK (created >= 0),
        PRIMARY KEY (store_id, parent_id),
        CONSTRAINT no_store_includes_itself CHECK (store_id <> parent_id)
) STRICT;

-- Packages of other stores that store_id leaves out, or takes in although they are private.
CREATE TABLE store_rule (
        store_id TEXT NOT NULL REFERENCES store (store_id),
        snap_id TEXT NOT NULL REFERENCES package (snap_id) ON DELETE CASCADE,
        rule TEXT NOT NULL CONSTRAINT store_rule_is_known CHECK (rule IN ('include', 'exclude')),
        made_by TEXT NOT NULL,
        created INTEGER NOT NULL CHECK (created >= 0),
        PRIMARY KEY (store_id, snap_id)
) STRICT;
CREATE INDEX store_rule_by_package ON store_rule (snap_id);

-- mode: 'all' that the store has, or only what is 'listed' here or in the model itself.
CREATE TABLE model_view (
        brand_id TEXT NOT NULL CHECK (length(brand_id) BETWEEN 1 AND 64),
        model TEXT NOT NULL CHECK (length(model) BETWEEN 1 AND 128),
        mode TEXT NOT NULL CONSTRAINT view_mode_is_known CHECK (mode IN ('all', 'listed')),
        made_by TEXT NOT NULL,
        created INTEGER NOT NULL CHECK (created >= 0),
        PRIMARY KEY (brand_id, model)
) STRICT;

-- rule '': only the pin counts. A pin is a revision (0 none) or a channel ('' none).
CREATE TABLE model_rule (
        brand_id TEXT NOT NULL,
        model TEXT NOT NULL,
        snap_id TEXT NOT NULL REFERENCES package (snap_id) ON DELETE CASCADE,
        rule TEXT NOT NULL CONSTRAINT model_rule_is_known CHECK (rule IN ('', 'include', 'exclude')),
        revision INTEGER NOT NULL CHECK (revision >= 0),
        channel TEXT NOT NULL CHECK (length(channel) <= 128),
        made_by TEXT NOT NULL,
        created INTEGER NOT NULL CHECK (created >= 0),
        PRIMARY KEY (brand_id, model, snap_id),
        FOREIGN KEY (brand_id, model) REFERENCES model_view (brand_id, model) ON DELETE CASCADE,
        CONSTRAINT one_pin CHECK (revision = 0 OR channel = '')
) STRICT;
CREATE INDEX model_rule_by_package ON model_rule (snap_id);
