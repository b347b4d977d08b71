// An application with a search over Debian's packages, in PostgreSQL with pgvector: its tables are made by its own SQL.
//
//   POSTGRES_URL=postgres://postgres@localhost:5432/postgres PGPASSWORD=… node fill.js [points]

import { writeFileSync } from 'node:fs';
import pg from 'pg';
import { openDataset } from 'vecproof';

const count = Number(process.argv[2] ?? 2000);
const db = new pg.Client({ connectionString: process.env.POSTGRES_URL, password: process.env.PGPASSWORD });
await db.connect();
await db.query(`
  create extension if not exists vector;
  create table packages (
    id uuid primary key default gen_random_uuid(),
    name text not null unique,
    section text not null,
    visible_to text,
    tags text[],
    size bigint,
    indexed_at timestamptz not null,
    embedding vector(384) not null
  );
`);

const dataset = await openDataset('debian-packages-20k');
const FIELDS = ['section', 'tags', 'size'];
const { dimensions } = dataset.info;
let row = 0;
await db.query('begin');
for await (const batch of dataset.points({ batchSize: 500, metadata: FIELDS })) {
  for (let at = 0; at < batch.count && row < count; at++, row++) {
    const field = (name) => batch.metadata[name]?.[at] ?? null;
    const embedding = batch.vectors.slice(at * dimensions, (at + 1) * dimensions);
    await db.query(
      `insert into packages (name, section, visible_to, tags, size, indexed_at, embedding)
       values ($1, $2, $3, $4, $5, $6, $7)`,
      [
        batch.ids[at],
        field('section'),
        // Somebody has forgotten to say who may see a few of them.
        row % 500 === 7 ? null : row % 10 === 0 ? 'maintainers' : 'everybody',
        field('tags'),
        field('size'),
        new Date(Date.UTC(2026, 0, 1) + row * 60_000),
        `[${embedding.join(',')}]`,
      ],
    );
  }
  if (row === count) break;
}
await db.query('commit');
await db.query('create index on packages using hnsw (embedding vector_cosine_ops)');
const { rows } = await db.query('select count(*)::int as count from packages');
console.log(`${rows[0].count} packages in PostgreSQL`);
await db.end();

// What users of the application search for, as its log has it.
const FILTERS = [
  { section: 'games' },
  { $and: [{ size: { $lt: 100_000 } }, { visible_to: 'everybody' }] },
  { tags: { $contains: 'implemented-in::c++' } },
  undefined,
];
const asked = await dataset.queries(dataset.info.querySets[0].name);
const lines = Array.from({ length: 300 }, (_, i) => ({
  id: `q${i}`,
  vector: Array.from(asked.vectors.slice(i * dimensions, (i + 1) * dimensions)),
  filter: FILTERS[i % FILTERS.length],
  k: 10,
}));
writeFileSync('queries.jsonl', lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
await dataset.close();
