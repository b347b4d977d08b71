// An application that keeps notes in Chroma, as its tutorial has it: ids, embeddings, documents and metadata.
//
//   CHROMA_URL=http://localhost:8000 node fill.js [notes]

import { ChromaClient } from 'chromadb';
import { openDataset } from 'vecproof';

const count = Number(process.argv[2] ?? 1000);
const { hostname: host, port } = new URL(process.env.CHROMA_URL);
const client = new ChromaClient({ host, port: Number(port), ssl: false });
const collection = await client.createCollection({
  name: 'notes',
  embeddingFunction: null,
  configuration: { hnsw: { space: 'cosine' } },
});

const dataset = await openDataset('glove-words-20k');
const { dimensions } = dataset.info;
let row = 0;
for await (const batch of dataset.points({ batchSize: 500, metadata: ['rank', 'kind'] })) {
  const taken = Math.min(batch.count, count - row);
  const each = (make) => Array.from({ length: taken }, (_, at) => make(at));
  await collection.add({
    ids: each((at) => batch.ids[at]),
    embeddings: each((at) => Array.from(batch.vectors.subarray(at * dimensions, (at + 1) * dimensions))),
    documents: each((at) => `a note about ${batch.ids[at]}`),
    metadatas: each((at) => ({
      rank: batch.metadata.rank[at],
      kind: batch.metadata.kind[at],
      // Somebody has begun to keep years as texts.
      year: at % 50 === 0 ? '2025' : 2024,
      'reviewed-by': at % 3 === 0 ? 'Ada' : 'Grace',
    })),
  });
  row += taken;
  if (row === count) break;
}
console.log(`${await collection.count()} notes in Chroma`);
await dataset.close();
