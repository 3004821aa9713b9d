-- SPDX-License-Identifier: Apache-2.0
-- Whether pushes of this package must carry a snap-build that its publisher signed.
ALTER TABLE package ADD COLUMN require_build INTEGER NOT NULL DEFAULT 0
        CHECK (require_build IN (0, 1));
