import type { Collection } from '../../engines/contract/collection.js';
import type { EngineDefinition } from '../../engines/contract/engine.js';
import type { Hits } from '../../engines/contract/search.js';
import { engine as real } from '../../engines/null/engine.js';
import { type Fault, nameOf } from './faults.js';

/** Does as engines do that are less well-behaved. What goes wrong apart, it is the null engine. */
export function faulty(fault: Fault): EngineDefinition {
  return {
    ...real,
    name: nameOf(fault),
    title: `Faulty: ${fault}`,
    connect: async (options, signal) => {
      if (fault === 'connect throws') throw new Error('connection refused');
      const connected = await real.connect(options, signal);
      return { ...connected, create: async (spec) => faultyCollection(await connected.create(spec), fault) };
    },
  };
}

const kept: Buffer[] = [];
let asked = 0;

/** What a query does beside answering. */
const QUERIES: Readonly<Partial<Record<Fault, (hits: Hits) => unknown>>> = {
  'query throws': () => {
    if (asked % 4 === 0) throw new Error('shard 3 is not there');
  },
  'query throws always': () => {
    throw new Error('no route to host');
  },
  'query never returns': () => {
    for (;;);
  },
  'query never resolves': () => new Promise(() => {}),
  'query takes memory': () => void kept.push(Buffer.alloc(16 * 2 ** 20, 1)),
  'query exits': () => {
    if (asked === 30) process.exit(0);
  },
  'query repeats itself': ({ keys, scores }) => ({ keys: Array.from(keys, () => 1), scores }),
  'query finds strangers': ({ keys, scores }) => ({
    keys: Array.from(keys, (key) => Number(key) + 1e6),
    scores,
  }),
  'query is short': ({ keys, scores }) => ({
    keys: Array.from(keys).slice(0, 2),
    scores: Array.from(scores).slice(0, 2),
  }),
};

function faultyCollection(collection: Collection, fault: Fault): Collection {
  return {
    ...collection,
    load: async (batch, signal) => {
      if (fault === 'load aborts') process.abort();
      if (fault === 'load rejects later') {
        setTimeout(() => void Promise.reject(new Error('connection lost')));
        await new Promise(() => setInterval(() => {}, 1000));
      }
      await collection.load(batch, signal);
    },
    ready: async (signal) => {
      const ready = await collection.ready(signal);
      if (fault === 'loses points') return { ...ready, count: ready.count - 1 };
      if (fault === 'leaves points unindexed') return { ...ready, indexed: ready.count - 5 };
      return ready;
    },
    prepare: async (search, k) => {
      const prepared = await collection.prepare(search, k);
      if (fault === 'talks') console.log('a client that talks to stdout');
      const query = (vector: Float32Array) => {
        asked++;
        const hits = prepared.query(vector) as Hits;
        return (QUERIES[fault]?.(hits) as Hits | undefined) ?? hits;
      };
      return { ...prepared, query };
    },
    drop: async () => {
      if (fault === 'exit never ends') {
        process.on('exit', () => {
          for (;;);
        });
      }
      if (fault === 'drop crashes') process.abort();
      if (fault === 'drop throws') throw new Error('cannot drop');
      await collection.drop();
    },
  };
}
