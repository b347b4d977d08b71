import { FailureError, shorten } from '../../common/errors.js';
import type { GateResult } from './model.js';
import type { Rehearsing } from './rehearsing.js';
import type { WindowName } from './windows.js';

/** What a window asks before and behind its work; conditions are those of `WINDOWS`, as something that is measured. */
export interface Step {
  enter(rehearsing: Rehearsing): Promise<GateResult>;
  /** Done before faults are planted. */
  begin?(rehearsing: Rehearsing): Promise<void>;
  work(rehearsing: Rehearsing): Promise<void>;
  exit(rehearsing: Rehearsing): Promise<GateResult>;
}

const WRITES = 10;
const READS = 20;
const SHADOWED = 30;
const AGREEMENT = 0.95;
const SHARES = [0.25, 0.5, 1];

export const STEPS: Readonly<Record<WindowName, Step>> = {
  capture: {
    enter: (r) =>
      r.gate('both sides answer, and the target is empty', async () => {
        const rows = (await r.link.call('scan', 'target')).length;
        return { open: rows === 0, found: `${rows} rows in the target` };
      }),
    async begin({ traffic }) {
      traffic.start();
      await traffic.more(WRITES);
    },
    async work({ link, traffic }) {
      await link.call('capture');
      await traffic.more(WRITES);
    },
    exit: (r) =>
      r.gate('the marker was read back from the log', async () => {
        const { marker, seen } = await r.link.call('capture');
        return { open: seen, found: `marker at position ${marker}` };
      }),
  },
  snapshot: {
    enter: (r) => markerSeen(r),
    async work({ link, traffic }) {
      await Promise.all([link.call('snapshot'), traffic.more(WRITES)]);
    },
    exit: (r) =>
      r.gate('the snapshot is complete, and not older than the marker', async () => {
        const { snapshot, marker, watermark } = (await r.status()).progress;
        const open = snapshot !== null && BigInt(watermark ?? -1) >= BigInt(marker ?? 0);
        return { open, found: `${snapshot ?? 'no'} rows, watermark ${watermark}, marker ${marker}` };
      }),
  },
  backfill: {
    enter: (r) => snapshotComplete(r),
    async work({ link, traffic }) {
      for (let done = false; !done; ) {
        const [step] = await Promise.all([link.call('backfill'), traffic.more(2)]);
        done = step.done === step.total;
      }
    },
    exit: (r) => backfilled(r),
  },
  replay: {
    enter: (r) => backfilled(r),
    async begin({ link }) {
      await link.call('replay');
    },
    work: ({ traffic }) => traffic.more(WRITES),
    exit: (r) => r.settled(),
  },
  verify: {
    enter: (r) => r.settled(),
    work: ({ traffic }) => traffic.more(WRITES),
    exit: (r) => verified(r),
  },
  shadow: {
    enter: (r) => verified(r),
    async begin({ link }) {
      await link.call('shadow', true);
    },
    work: ({ traffic }) => traffic.more(WRITES, READS),
    async exit(r) {
      const result = await shadowAgrees(r);
      await r.link.call('shadow', false);
      return result;
    },
  },
  ramp: {
    enter: (r) => wayBackIsAlive(r),
    async begin(r) {
      await rampTo(r, SHARES[0]!);
    },
    async work(r) {
      for (const share of SHARES) await rampTo(r, share);
    },
    exit: (r) => answersAll(r),
  },
  observe: {
    enter: (r) => wayBackIsAlive(r),
    async work({ link, traffic }) {
      await link.call('restart', 'target');
      await traffic.more(WRITES, READS);
    },
    exit: (r) => verified(r),
  },
  rollback: {
    enter: (r) => wayBackIsAlive(r),
    async work(r) {
      await rampTo(r, 0);
    },
    exit: (r) => sourceHasAll(r),
  },
  finish: {
    enter: (r) => sourceHasAll(r),
    async work(r) {
      await rampTo(r, 1);
    },
    exit: (r) => r.settled(),
  },
};

function markerSeen(r: Rehearsing): Promise<GateResult> {
  return r.gate('the marker was seen in the log', async () => {
    const { marker } = (await r.status()).progress;
    return { open: marker !== null, found: marker === null ? 'no marker' : `at position ${marker}` };
  });
}

function snapshotComplete(r: Rehearsing): Promise<GateResult> {
  return r.gate('the snapshot is complete, and not older than the marker', async () => {
    const { snapshot, watermark } = (await r.status()).progress;
    return { open: snapshot !== null, found: `${snapshot ?? 'no'} rows, watermark ${watermark}` };
  });
}

function backfilled(r: Rehearsing): Promise<GateResult> {
  return r.gate('every row of the snapshot is in the target, or known to be newer', async () => {
    const { snapshot, backfilled: done } = (await r.status()).progress;
    return { open: done === snapshot, found: `${done} of ${snapshot} rows` };
  });
}

function verified(r: Rehearsing): Promise<GateResult> {
  return r.gate('touched rows are equal, deleted ones gone, all others explained', async () => {
    const { compared, differing, returned, strangers } = await r.verified();
    const first = differing[0]?.words;
    return {
      open: differing.length + returned.length + strangers.length === 0,
      found: `${compared} touched rows compared, ${differing.length} differ${first === undefined ? '' : ` (${first})`}, ${returned.length} deleted ones there, ${strangers.length} of strangers${strangers.length === 0 ? '' : ` (${shorten(strangers[0])})`}`,
    };
  });
}

/** With writes held: what one side has a moment before the other is no disagreement. */
async function shadowAgrees(r: Rehearsing): Promise<GateResult> {
  return r.atRest(async () => {
    const before = (await r.status()).shadow;
    return r.gate(`of ${SHADOWED} comparable answers at least ${AGREEMENT * 100}% agree`, async () => {
      const { side } = await r.link.call('read', { vector: r.parts.operations.query() });
      const now = (await r.status()).shadow;
      const of = (name: keyof typeof now) => now[name] - before[name];
      const enough = of('compared') >= SHADOWED && of('agreed') >= AGREEMENT * of('compared');
      return {
        open: enough && side === 'source',
        found: `${of('agreed')} of ${of('compared')} agree, ${of('incomparable')} not comparable, ${of('dropped')} dropped, ${of('failed')} failed; the ${side} answers`,
      };
    });
  });
}

async function rampTo(r: Rehearsing, share: number): Promise<void> {
  await r.link.call('ramp', share);
  r.note(
    'decision',
    share === 0 ? 'the source answers all reads' : `the target answers ${share * 100}% of reads`,
  );
  await r.traffic.more(WRITES, READS);
}

/** Before the target answers the first read: a write of now reaches the source. */
function wayBackIsAlive(r: Rehearsing): Promise<GateResult> {
  return r.gate('the way back is alive: a write of now reaches the source', async () => {
    // A row of its own each time, which the traffic may change or delete a moment later.
    const { id, number: revision, ...rest } = r.parts.operations.insert();
    await r.traffic.write({ id, number: revision, ...rest });
    const { alive, words } = await r.link.call('wayBack', { id, revision });
    return { open: alive, found: words };
  });
}

async function answersAll(r: Rehearsing): Promise<GateResult> {
  return r.gate('the target answers all reads without an error', async () => {
    const { failedReads, by } = r.traffic.counts;
    const [failed, answered] = [failedReads, by.target];
    await r.traffic.more(0, READS);
    const missed = r.traffic.counts.failedReads - failed;
    const more = r.traffic.counts.by.target - answered;
    return { open: missed === 0 && more >= READS, found: `${more} answers of the target, ${missed} failed` };
  });
}

async function sourceHasAll(r: Rehearsing): Promise<GateResult> {
  return r.gate('the source holds every acknowledged write', async () => {
    const counts = Object.entries(await r.counts('source'));
    if (counts.some(([, count]) => count === undefined)) throw new FailureError('no counts');
    const found = counts.map(([kind, count]) => `${count} ${kind}`).join(', ');
    return { open: counts.length === 0, found: found === '' ? 'every write is there' : found };
  });
}
