/**
 * What keeps the record that a document had before it was read again: a part of a migration, and so never changed.
 *
 * A trigger does it, so that records of many megabytes stay in the database, and a process of the version before,
 * which knows nothing of readings, counts them like any other. What stands in a document is found in its text, as
 * `JSON.stringify` writes it: PostgreSQL cannot look into JSON that holds U+0000. A name with its quotes stands nowhere
 * within a string, where they would be escaped.
 */
export const READINGS_SCHEMA: readonly string[] = [
  // The one entry of "documents", the last member of a document; null where there is none.
  `CREATE FUNCTION quire.record_in(document json) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
    DECLARE
      whole text := document::text;
      place integer := strpos(whole, '"documents":[{');
    BEGIN
      IF place = 0 OR right(whole, 3) <> '}]}' THEN RETURN NULL; END IF;
      RETURN substr(whole, place + 13, length(whole) - place - 14);
    END $$`,
  // No field of a record is an object that has a "path".
  `CREATE FUNCTION quire.plan_in(record text) RETURNS json LANGUAGE plpgsql IMMUTABLE AS $$
    DECLARE
      place integer := strpos(record, '"plan":{"path":');
      plan text := substr(record, place + 7, 200);
    BEGIN
      RETURN CASE WHEN place > 0 THEN left(plan, strpos(plan, '}'))::json END;
    END $$`,
  `CREATE FUNCTION quire.processed_at(document json) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT coalesce(
      substring(document::text FROM '"processed_date":"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,15}Z)"')::timestamptz,
      now()
    )
  $$`,
  `CREATE FUNCTION quire.keep_reading() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
      before text := quire.record_in(OLD.document);
      anew text := quire.record_in(NEW.document);
    BEGIN
      -- A reading that gave no record leaves the one before where it is.
      IF before IS NULL OR anew IS NULL OR before = anew THEN RETURN NEW; END IF;
      INSERT INTO quire.readings (document_id, number, kind, kept_at, plan, record, evidence)
      VALUES (OLD.id, OLD.reading, 'served', quire.processed_at(OLD.document), quire.plan_in(before), before::json, OLD.evidence);
      DELETE FROM quire.readings WHERE document_id = OLD.id AND number <= OLD.reading - 3;
      NEW.reading := OLD.reading + 1;
      -- A process of the version before leaves there what the record before came from.
      IF NEW.read_as::text = OLD.read_as::text THEN NEW.read_as := NULL; END IF;
      RETURN NEW;
    END $$`,
  `CREATE TRIGGER keep_reading BEFORE UPDATE OF document ON quire.documents FOR EACH ROW
    WHEN (OLD.status = 'extracting' AND NEW.status <> 'extracting') EXECUTE FUNCTION quire.keep_reading()`,
];
