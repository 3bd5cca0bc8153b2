-- In what order rows are to lie in a lake's files: source by source, and there by time.
--
-- So one source's latest stories, and one story by its address (a source has few hosts), are found by reading little
-- of each file. A load writes its rows as they come; upkeep sorts them when it makes large files of small ones, and
-- files that are large already stay as they are.
CALL wh.set_option('sort_on_insert', 'false');
ALTER TABLE stories SET SORTED BY (source_id ASC, published_at ASC);
