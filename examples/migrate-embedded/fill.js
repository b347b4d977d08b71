// An application with a search over Debian's packages, as it might have grown: PostgreSQL (PGlite, in the folder ./app)
// with pgvector. Nothing in it knows of vecproof; the library only reads the bundled dataset.
//
//   node fill.js [points]

import { writeFileSync } from 'node:fs';
import { PGlite } from '@electric-sql/pglite';
import { vector } from '@electric-sql/pglite-pgvector';
import { openDataset } from 'vecproof';

const count = Number(process.argv[2] ?? 2000);
const db = await PGlite.create({ dataDir: './app', extensions: { vector } });

await db.exec(`
  create extension if not exists vector;
  create table packages (
    id bigint primary key,
    name text not null unique,
    section text not null,
    maintainer text,
    tags text[],
    size_bytes integer,
    indexed_at timestamptz not null,
    extra jsonb,
    embedding vector(384)
  );
`);

const dataset = await openDataset('debian-packages-20k');
const FIELDS = ['section', 'maintainer', 'tags', 'size', 'homepage_host'];
const { dimensions } = dataset.info;
let row = 0;
await db.transaction(async (tx) => {
  for await (const batch of dataset.points({ batchSize: 500, metadata: FIELDS })) {
    for (let at = 0; at < batch.count && row < count; at++, row++) {
      const field = (name) => batch.metadata[name]?.[at] ?? null;
      const embedding = batch.vectors.slice(at * dimensions, (at + 1) * dimensions);
      await tx.query(`insert into packages values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, [
        1000 + row,
        batch.ids[at],
        field('section'),
        field('maintainer'),
        field('tags'),
        field('size'),
        new Date(Date.UTC(2026, 0, 1) + row * 60_000),
        // Grown over the years: some have it, and not always alike.
        row % 3 === 0
          ? { homepage: { host: field('homepage_host') }, votes: row % 2 === 0 ? row : `${row}` }
          : null,
        `[${embedding.join(',')}]`,
      ]);
    }
    if (row === count) break;
  }
});
await db.exec('create index on packages using hnsw (embedding vector_cosine_ops)');
const { rows } = await db.query('select count(*)::int as count from packages');
console.log(`${rows[0].count} packages in ./app`);
await db.close();

// What its users search for, as its log has it.
const FILTERS = [undefined, { section: 'games' }, { tags: { $contains: 'implemented-in::c++' } }];
const asked = await dataset.queries(dataset.info.querySets[0].name);
const lines = Array.from({ length: 300 }, (_, i) => ({
  id: `q${i}`,
  vector: Array.from(asked.vectors.slice(i * dimensions, (i + 1) * dimensions)),
  filter: FILTERS[i % FILTERS.length],
  group: ['all of it', 'games', 'in C'][i % FILTERS.length],
}));
writeFileSync('queries.jsonl', lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
await dataset.close();
