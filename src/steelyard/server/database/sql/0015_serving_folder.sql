-- Which data folder serves: two would serve one database beside each other, each with its own runs, limits and ports.

-- The random id in it; '' until a server of a team's database has started, and where the database is in the folder.
ALTER TABLE steelyard.serving ADD COLUMN folder text NOT NULL DEFAULT '' CHECK (folder ~ '^[0-9a-f]{0,64}$');
