// An application that keeps its notes in PostgreSQL (PGlite, in ./app) and moves their search to LanceDB (./lance) while
// it goes on writing: synchronise, shadow, ramp up, let the target take over, and go back. Nothing needs to be installed.
//
//   node app.js

import { PGlite } from '@electric-sql/pglite';
import { vector } from '@electric-sql/pglite-pgvector';
import {
  CollectionTarget,
  compareHits,
  DualWriter,
  LogFirstOutbox,
  openCollection,
  PostgresChangeLog,
  PostgresFlags,
  PostgresVersions,
  Replayer,
  ShadowReader,
  startHere,
  synchronise,
  TrafficRamp,
  TransactionalOutbox,
  verifyTouched,
} from 'vecproof/cutover';

const COLLECTION = 'notes';
const TOPICS = ['birds', 'bread', 'bridges', 'books'];

/** Stands for a model: texts with the same words are near each other. */
function embed(text) {
  const values = new Float32Array(16);
  for (const word of text.split(' '))
    for (let i = 0; i < 16; i++)
      values[i] += Math.sin((i + 1) * [...word].reduce((sum, c) => sum * 31 + c.charCodeAt(0), 7));
  return values;
}
const noteOf = (id, text) => ({ id, vectors: { vector: embed(text) }, metadata: { text } });
const list = (values) => `[${values.join(',')}]`;

// The application's own database and statements.
const db = await PGlite.create({ dataDir: './app', extensions: { vector } });
await db.exec(`
  create extension if not exists vector;
  create table if not exists notes (id text primary key, text text not null, embedding vector(16) not null);
`);
const statement = (change) =>
  change.kind === 'delete'
    ? { text: 'delete from notes where id = $1', values: [change.id] }
    : {
        text: `insert into notes values ($1, $2, $3) on conflict (id) do update
               set text = excluded.text, embedding = excluded.embedding`,
        values: [change.id, change.point.metadata.text, list(change.point.vectors.vector)],
      };
const run = async (change) => {
  const { text, values } = statement(change);
  await db.query(text, values);
};
const rows = (result) =>
  result.rows.map(({ id, text, embedding }) => ({
    id,
    vectors: { vector: Float32Array.from(JSON.parse(embedding)) },
    metadata: { text },
  }));
const notes = {
  upsert: async (points) => {
    for (const point of points) await run({ kind: 'upsert', id: point.id, point });
  },
  delete: async (ids) => {
    for (const id of ids) await run({ kind: 'delete', id });
  },
  get: async (ids) =>
    rows(await db.query('select id, text, embedding::text from notes where id = any($1)', [ids])),
};
const searchOld = async (text) => {
  const { rows: found } = await db.query(
    'select id, embedding <=> $1 as score from notes order by 2, id limit 10',
    [list(embed(text))],
  );
  return found;
};

// The target, and what the move keeps: its log in the application's database, the rest in ./state.
const lance = await openCollection('lancedb:./lance#notes', {
  create: {
    vectors: [{ name: 'vector', kind: 'dense', type: 'f32', dimensions: 16, metric: 'cosine' }],
    ids: 'string',
    fields: [{ name: 'text', type: 'string', nullable: false }],
    index: { type: 'flat' },
  },
});
const searchNew = async (text) => {
  const search = await lance.collection.prepare({}, 10);
  const { keys, scores } = await search.query(embed(text));
  await search.close();
  return Array.from(keys, (id, i) => ({ id, score: scores[i] }));
};
const state = await PGlite.create('./state');
const flags = await PostgresFlags.open(state);
const log = await PostgresChangeLog.open(db);
const versionsOf = (side) => PostgresVersions.open(state, side);
const target = new CollectionTarget({ ...lance, versions: await versionsOf('target') });
const source = new CollectionTarget({ place: 'notes', points: notes, versions: await versionsOf('source') });
const sourceOutbox = new TransactionalOutbox({ log, statement });
const writer = await DualWriter.open({ outbox: sourceOutbox, flags, direct: run });

// Its users: they write, change and delete all the time.
let written = 0;
const users = async (until) => {
  for (let n = 0; n < until; n++) {
    const id = `note-${(written * 7) % 300}`;
    const text = `${TOPICS[written % 4]} and ${TOPICS[(written * 3) % 4]} number ${written % 50}`;
    if (written % 5 === 4) await writer.delete(COLLECTION, id);
    else await writer.upsert(COLLECTION, noteOf(id, text));
    written++;
  }
};
await users(200);
console.log(`${(await db.query('select 1 from notes')).rows.length} notes before the move`);

// Capture, markers, snapshot, backfill, replay; meanwhile the users go on.
const replayer = new Replayer({ source: log, cursors: log, consumer: 'target', target });
const openSnapshot = async () => ({
  pages: (async function* () {
    const all = rows(await db.query('select id, text, embedding::text from notes order by id'));
    for (let at = 0; at < all.length; at += 50)
      yield { points: all.slice(at, at + 50), cursor: String(at + 50) };
  })(),
  close: async () => undefined,
});
const busy = users(200);
const { rows: filled } = await synchronise({
  ...{ collection: COLLECTION, writers: [writer], log, consumer: 'target', replayer, target, openSnapshot },
});
await busy;
const ending = new AbortController();
const following = replayer.run(ending.signal, (error) => console.error(error));
console.log(`${filled} notes backfilled; the target follows`);

// Shadow reads: the old store answers.
const shadow = new ShadowReader({
  control: searchOld,
  candidate: searchNew,
  compare: (control, other) => compareHits(control, other, 10),
  sample: 1,
  queue: 1000,
});
await replayer.drain(await log.watermark());
for (let i = 0; i < 40; i++) await shadow.read(`${TOPICS[i % 4]} number ${i}`);
await shadow.idle();
const { candidate, noise } = shadow.summary();
console.log(
  `${candidate.n} searches compared: agreement ${candidate.mean.toFixed(2)}, noise floor ${noise.mean?.toFixed(2) ?? 'none'}`,
);

// The target serves a growing share; then everything goes back at once, and up again.
const ramp = await TrafficRamp.open({
  flags,
  steps: [0.1, 1],
  isReversePathAlive: async () => true, // the source gets every mutation first
  enter: async () => ((await log.backlog('target')).changes > 100 ? ['the target is far behind'] : []),
});
const search = (user, text) => (ramp.serves(user) === 'target' ? searchNew(text) : searchOld(text));
const served = () =>
  Array.from({ length: 1000 }, (_, i) => ramp.serves(`user-${i}`)).filter((side) => side === 'target').length;
await ramp.advance();
console.log(`at 10% the target serves ${served()} of 1000 users`);
await ramp.rollback('trying it out');
console.log(`after the rollback ${served()}`);
await ramp.begin();
while ((await ramp.advance()).state === 'advanced');
console.log(`at the end ${served()}; the first hit is ${(await search('user-1', 'birds number 1'))[0].id}`);

// The target takes over; the source is followed from now on.
await log.begin('source', await startHere({ log, collection: COLLECTION }));
const reverse = new Replayer({ source: log, cursors: log, consumer: 'source', target: source });
const back = new AbortController();
const reversing = reverse.run(back.signal, (error) => console.error(error));
writer.use(new LogFirstOutbox({ log, primary: target, consumer: 'target' }));
await users(100);

// And back: nothing that was written meanwhile is lost.
await reverse.drain(await log.watermark());
writer.use(sourceOutbox);
await reverse.drain(await log.watermark());
back.abort();
await reversing;
await users(50);
await replayer.drain(await log.watermark());
ending.abort();
await following;
const same = (a, b) => a.metadata.text === b.metadata.text;
const { rows: touched, differences } = await verifyTouched({ source, target, changes: log, from: 0n, same });
const there = (await db.query('select 1 from notes')).rows.length;
console.log(
  `${touched} notes were touched, ${differences.length} differ; ${there} in the source, ${await lance.collection.count()} in the target`,
);

await lance.close();
await db.close();
await state.close();
