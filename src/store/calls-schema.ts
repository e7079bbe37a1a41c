/**
 * What all replicas keep of the calls to a model service: a migration, and so never changed.
 *
 * The service's row is locked before anything else of it, so that nobody waits for each other. Nobody waits for the
 * disk either: what a server that crashes has lost of the last moment is a place more or less.
 */
export const CALLS_SCHEMA: readonly string[] = [
  `CREATE TABLE quire.model_services (
    name text PRIMARY KEY,
    calls integer NOT NULL DEFAULT 0,
    next_request_at timestamptz NOT NULL DEFAULT 'epoch',
    next_token_at timestamptz NOT NULL DEFAULT 'epoch',
    announced_tokens double precision NOT NULL DEFAULT 0,
    used_tokens double precision NOT NULL DEFAULT 0,
    held_until timestamptz NOT NULL DEFAULT 'epoch',
    away_since timestamptz,
    away_until timestamptz NOT NULL DEFAULT 'epoch',
    pause_ends_at timestamptz NOT NULL DEFAULT 'epoch',
    failed_probes integer NOT NULL DEFAULT 0,
    probe uuid,
    told uuid,
    told_at timestamptz NOT NULL DEFAULT 'epoch'
  ) WITH (fillfactor = 10)`,
  `CREATE TABLE quire.calls (
    id uuid PRIMARY KEY,
    service text NOT NULL,
    replica uuid NOT NULL,
    owner text NOT NULL,
    document uuid NOT NULL,
    announced_tokens integer NOT NULL,
    charged_tokens double precision NOT NULL,
    until timestamptz NOT NULL
  ) WITH (fillfactor = 50)`,
  'CREATE INDEX calls_by_service ON quire.calls (service, until)',
  // What each replica would start next, as it last asked.
  `CREATE TABLE quire.waiting_calls (
    service text,
    replica uuid,
    documents uuid[] NOT NULL,
    owners text[] NOT NULL,
    since timestamptz[] NOT NULL,
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (service, replica)
  ) WITH (fillfactor = 50)`,
  // Of an owner or of a document: calls under way, and when one last began or ended.
  `CREATE TABLE quire.call_turns (
    service text,
    party text,
    calls integer NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (service, party)
  ) WITH (fillfactor = 50)`,
  `CREATE FUNCTION quire.count_call() RETURNS trigger LANGUAGE plpgsql AS $$
  DECLARE
    call quire.calls := coalesce(NEW, OLD);
    change integer := CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END;
    t timestamptz := clock_timestamp();
  BEGIN
    UPDATE quire.model_services SET calls = calls + change WHERE name = call.service;
    INSERT INTO quire.call_turns AS turn (service, party, calls, at) VALUES
      (call.service, 'owner ' || call.owner, greatest(0, change), t),
      (call.service, 'document ' || call.document, greatest(0, change), t)
    ON CONFLICT (service, party) DO UPDATE SET calls = greatest(0, turn.calls + change), at = t;
    RETURN NULL;
  END $$`,
  `CREATE TRIGGER count_call AFTER INSERT OR DELETE ON quire.calls
    FOR EACH ROW EXECUTE FUNCTION quire.count_call()`,
  // Who is served first, so many of all that wait: the owner with the fewest calls under way, of its documents the one
  // with the fewest; among equals who has waited the longest. Who has not asked for a second waits no more.
  `CREATE FUNCTION quire.first_waiting(for_service text, at_time timestamptz, places integer)
  RETURNS TABLE (replica uuid, document uuid) LANGUAGE sql STABLE AS $$
    WITH waiting AS MATERIALIZED (
      SELECT w.replica, c.document, c.owner, c.since, c.place
      FROM quire.waiting_calls w,
        unnest(w.documents, w.owners, w.since) WITH ORDINALITY AS c (document, owner, since, place)
      WHERE w.service = for_service AND w.seen_at > at_time - interval '1 s'
    ), owners AS MATERIALIZED (
      SELECT o.owner, coalesce(s.calls, 0) AS calls, greatest(o.since, s.at) AS turn
      FROM (SELECT w.owner, min(w.since) AS since FROM waiting w GROUP BY w.owner) AS o
      LEFT JOIN LATERAL (
        SELECT s.calls, s.at FROM quire.call_turns s
        WHERE s.service = for_service AND s.party = 'owner ' || o.owner LIMIT 1
      ) AS s ON true
      ORDER BY calls, turn, o.owner LIMIT places
    ), ranked AS (
      SELECT w.replica, w.document, o.owner, o.turn, o.calls + row_number() OVER (
        PARTITION BY w.owner ORDER BY coalesce(s.calls, 0), greatest(w.since, s.at), w.replica, w.place
      ) AS calls
      FROM owners o JOIN waiting w ON w.owner = o.owner
      LEFT JOIN LATERAL (
        SELECT s.calls, s.at FROM quire.call_turns s
        WHERE s.service = for_service AND s.party = 'document ' || w.document LIMIT 1
      ) AS s ON true
    )
    SELECT r.replica, r.document FROM ranked r ORDER BY r.calls, r.turn, r.owner LIMIT places
  $$`,
  // Tells a replica that there is a place for it, unless it was told just now.
  `CREATE FUNCTION quire.tell_first(for_service text, first uuid, at_time timestamptz)
  RETURNS void LANGUAGE plpgsql AS $$
  BEGIN
    UPDATE quire.model_services SET told = first, told_at = at_time
    WHERE name = for_service AND (told IS DISTINCT FROM first OR told_at < at_time - interval '20 ms');
    IF FOUND THEN
      PERFORM pg_notify('quire_calls', first::text);
    END IF;
  END $$`,
  `CREATE FUNCTION quire.away(service quire.model_services, at_time timestamptz)
  RETURNS json LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN service.away_until > at_time THEN json_build_object(
      'sinceMs', extract(epoch FROM at_time - service.away_since) * 1000,
      'patienceMs', extract(epoch FROM service.away_until - service.away_since) * 1000,
      'pauseMs', greatest(0, extract(epoch FROM service.pause_ends_at - at_time) * 1000),
      'failedProbes', service.failed_probes) END
  $$`,
  // Asks for a place for one of the calls that a replica would start next, one for each document, all of
  // them of documents that it still has to read. No documents: it waits with nothing any more.
  `CREATE FUNCTION quire.take(
    for_service text, by_replica uuid, new_call uuid,
    documents uuid[], runs text[], owners text[], waited_ms double precision[], tokens integer[],
    most integer, request_ms double precision, token_ms double precision, lease_ms double precision,
    leaving double precision
  ) RETURNS json LANGUAGE plpgsql AS $$
  DECLARE
    look_ahead_ms CONSTANT double precision := 250;
    most_at_once CONSTANT integer := 16;
    t timestamptz;
    service quire.model_services;
    lost uuid[];
    is_limited boolean := most IS NOT NULL OR request_ms IS NOT NULL OR token_ms IS NOT NULL;
    free integer;
    wait_ms double precision := 0;
    again_ms double precision := 0;
    why text;
    step_ms double precision;
    first_replicas uuid[];
    first_documents uuid[];
    place integer;
    share double precision;
    charged double precision;
    starts_at timestamptz;
  BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    SELECT coalesce(array_agg(c.document), '{}') INTO lost
    FROM unnest(documents, runs) AS c (document, run) LEFT JOIN quire.documents d ON d.id = c.document
    WHERE c.run <> '' AND (d.run::text IS DISTINCT FROM c.run OR d.status <> 'extracting');
    IF cardinality(lost) > 0 THEN
      SELECT coalesce(array_agg(c.document), '{}'), array_agg(c.owner), array_agg(c.waited), array_agg(c.tokens)
      INTO documents, owners, waited_ms, tokens
      FROM unnest(documents, owners, waited_ms, tokens) AS c (document, owner, waited, tokens)
      WHERE c.document <> ALL (lost);
    END IF;
    SELECT * INTO service FROM quire.model_services WHERE name = for_service FOR UPDATE;
    IF NOT FOUND THEN
      INSERT INTO quire.model_services (name) VALUES (for_service) ON CONFLICT DO NOTHING;
      SELECT * INTO service FROM quire.model_services WHERE name = for_service FOR UPDATE;
    END IF;
    share := CASE WHEN service.announced_tokens > 0
      THEN least(1, 1.25 * service.used_tokens / service.announced_tokens) ELSE 1 END;
    t := clock_timestamp();
    IF random() < 0.002 THEN
      DELETE FROM quire.call_turns WHERE calls = 0 AND at < t - interval '1 hour';
    END IF;
    IF cardinality(documents) = 0 THEN
      DELETE FROM quire.waiting_calls w WHERE w.service = for_service AND w.replica = by_replica;
    ELSIF service.held_until > t THEN
      why := 'asked_to_wait';
      again_ms := extract(epoch FROM service.held_until - t) * 1000;
    ELSIF service.away_until > t AND service.pause_ends_at > t THEN
      why := 'outage';
      again_ms := extract(epoch FROM service.pause_ends_at - t) * 1000;
    ELSIF service.away_until > t
      AND EXISTS (SELECT FROM quire.calls c WHERE c.id = service.probe AND c.until > t) THEN
      why := 'outage';
    ELSE
      IF is_limited THEN
        DELETE FROM quire.calls c WHERE c.service = for_service AND c.until <= t;
        IF FOUND THEN
          SELECT * INTO service FROM quire.model_services WHERE name = for_service;
        END IF;
        free := most - service.calls - floor(leaving * most);
        IF request_ms IS NOT NULL THEN
          wait_ms := greatest(0, extract(epoch FROM service.next_request_at - t) * 1000);
        END IF;
        IF token_ms IS NOT NULL THEN
          wait_ms := greatest(wait_ms, extract(epoch FROM service.next_token_at - t) * 1000);
        END IF;
      END IF;
      IF leaving > 0 THEN
        IF free <= 0 OR wait_ms > 0 OR EXISTS (SELECT FROM quire.waiting_calls w
          WHERE w.service = for_service AND w.seen_at > t - interval '1 s') THEN
          why := CASE WHEN wait_ms > 0 THEN 'rate_limit' END;
          again_ms := wait_ms;
        ELSE
          place := 1;
        END IF;
      ELSE
        place := 1;
        IF is_limited THEN
          INSERT INTO quire.waiting_calls VALUES (for_service, by_replica, documents, owners,
            ARRAY(SELECT t - ms * interval '1 ms' FROM unnest(waited_ms) WITH ORDINALITY AS w (ms, n) ORDER BY n), t)
          ON CONFLICT ON CONSTRAINT waiting_calls_pkey DO UPDATE SET documents = excluded.documents,
            owners = excluded.owners, since = excluded.since, seen_at = excluded.seen_at;
          -- All of them together ask about a hundred times a second.
          again_ms := (0.5 + random()) * greatest(100, least(400,
            10 * (SELECT count(*) FROM quire.waiting_calls w WHERE w.service = for_service)));
          IF free <= 0 THEN
            place := NULL;
          ELSIF wait_ms > look_ahead_ms THEN
            place := NULL;
            why := 'rate_limit';
            again_ms := wait_ms - look_ahead_ms;
          ELSE
            -- As many may be served as there are places by now: where one of them is slow to ask, others go on.
            step_ms := greatest(request_ms, token_ms * tokens[1] * share, 0.001);
            SELECT array_agg(f.replica), array_agg(f.document) INTO first_replicas, first_documents
            FROM quire.first_waiting(for_service, t,
              least(most_at_once, free, 1 + floor((look_ahead_ms - wait_ms) / step_ms))::integer) AS f;
            place := array_position(documents, first_documents[array_position(first_replicas, by_replica)]);
            IF place IS NULL THEN
              PERFORM quire.tell_first(for_service, first_replicas[1], t);
            END IF;
          END IF;
        END IF;
      END IF;
      IF place IS NOT NULL THEN
        charged := tokens[place] * share;
        starts_at := t + wait_ms * interval '1 ms';
        INSERT INTO quire.calls VALUES (new_call, for_service, by_replica, owners[place], documents[place],
          tokens[place], charged, starts_at + lease_ms * interval '1 ms');
        IF is_limited THEN
          UPDATE quire.model_services SET
            next_request_at = starts_at + coalesce(request_ms, 0) * interval '1 ms',
            next_token_at = starts_at + charged * coalesce(token_ms, 0) * interval '1 ms'
          WHERE name = for_service;
          DELETE FROM quire.waiting_calls w WHERE w.service = for_service AND w.replica = by_replica;
        END IF;
        IF service.away_until > t THEN
          UPDATE quire.model_services SET probe = new_call WHERE name = for_service;
        END IF;
      END IF;
    END IF;
    RETURN json_build_object('document', documents[place], 'waitMs', wait_ms, 'againMs', again_ms, 'why', why,
      'lost', lost, 'away', quire.away(service, t));
  END $$`,
  // A call has ended, or was not made: what it used of its tokens, and what it told of the service.
  `CREATE FUNCTION quire.give(
    for_service text, by_replica uuid, ended uuid, most integer, used integer, token_ms double precision,
    is_answered boolean, hold_ms double precision,
    since_ms double precision, patience_ms double precision, pause_ms double precision, probes integer
  ) RETURNS json LANGUAGE plpgsql AS $$
  DECLARE
    t timestamptz;
    service quire.model_services;
    call quire.calls;
    was_away boolean;
    first uuid;
  BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    SELECT * INTO service FROM quire.model_services WHERE name = for_service FOR UPDATE;
    t := clock_timestamp();
    was_away := coalesce(service.away_until > t, false);
    DELETE FROM quire.calls c WHERE c.id = ended RETURNING * INTO call;
    IF call.id IS NOT NULL AND token_ms IS NOT NULL AND used IS NOT NULL THEN
      service.next_token_at :=
        service.next_token_at + (used - call.charged_tokens) * token_ms * interval '1 ms';
      IF used > 0 THEN
        service.announced_tokens := 0.95 * service.announced_tokens + call.announced_tokens;
        service.used_tokens := 0.95 * service.used_tokens + used;
      END IF;
    END IF;
    IF hold_ms > 0 THEN
      service.held_until := greatest(service.held_until, t + hold_ms * interval '1 ms');
    END IF;
    IF is_answered THEN
      service.away_until := 'epoch';
    ELSIF patience_ms > 0 THEN
      IF NOT was_away THEN
        service.away_since := t - since_ms * interval '1 ms';
        service.pause_ends_at := 'epoch';
        service.failed_probes := 0;
      END IF;
      service.away_until := greatest(service.away_until, service.away_since + patience_ms * interval '1 ms');
      service.pause_ends_at := greatest(service.pause_ends_at, t + pause_ms * interval '1 ms');
      service.failed_probes := greatest(service.failed_probes, probes);
    END IF;
    UPDATE quire.model_services SET next_token_at = service.next_token_at, held_until = service.held_until,
      announced_tokens = service.announced_tokens, used_tokens = service.used_tokens,
      away_since = service.away_since, away_until = service.away_until,
      pause_ends_at = service.pause_ends_at, failed_probes = service.failed_probes
    WHERE name = for_service;
    IF was_away AND is_answered THEN
      PERFORM pg_notify('quire_calls', '');
    END IF;
    -- A replica that waits itself asks at once, which tells the first one.
    IF (service.calls <= most OR (token_ms IS NOT NULL AND used IS NOT NULL))
      AND NOT EXISTS (SELECT FROM quire.waiting_calls w WHERE w.service = for_service
        AND w.replica = by_replica AND w.seen_at > t - interval '1 s') THEN
      SELECT f.replica INTO first FROM quire.first_waiting(for_service, t, 1) AS f;
      IF first <> by_replica THEN
        PERFORM quire.tell_first(for_service, first, t);
      END IF;
    END IF;
    RETURN quire.away(service, t);
  END $$`,
  `CREATE FUNCTION quire.forget_calls(living uuid[]) RETURNS void LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM FROM quire.model_services ORDER BY name FOR UPDATE;
    DELETE FROM quire.calls WHERE replica <> ALL (living);
    DELETE FROM quire.waiting_calls WHERE replica <> ALL (living);
  END $$`,
];
