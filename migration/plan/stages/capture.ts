import { writeFileAtomic } from '../../../common/files.js';
import { MOST_RECORD, readRegularText } from '../../../common/regular-file.js';
import { changesOf, cutoverOf } from '../cutover.js';
import type { Decision } from '../events.js';
import { hashOf } from '../hash.js';
import { openLog } from '../open-log.js';
import type { Stage, StageResult, Work } from '../stage.js';
import { countWords } from '../words.js';

const RESULT = 'capture.json';
/** How `DualWriter.captureOn` names its marker. */
const MARKER = /^captured by (.*)$/s;

interface Captured {
  /** Instances of the application whose marker was read from the log, with its position. */
  writers: { instance: string; position: string }[];
}

async function run(work: Work): Promise<StageResult> {
  const { writers: wanted, collection } = cutoverOf(work);
  const writers = await writersIn(work, collection);
  writeFileAtomic(work.path(RESULT), `${JSON.stringify({ writers } satisfies Captured, undefined, 2)}\n`);
  const lacking = wanted.filter((name) => !writers.some(({ instance }) => instance === name));
  if (writers.length === 0 || lacking.length > 0)
    return {
      state: 'failed',
      waits: true,
      evidence: [RESULT],
      problem: `no marker of ${lacking.length === 0 ? 'any writer' : lacking.join(', ')} is in the log: each instance calls captureOn("${collection}") of its DualWriter`,
    };
  const digest = hashOf(writers);
  return {
    state: 'done',
    evidence: [RESULT],
    digest,
    decisions: wanted.length > 0 ? [] : [isThatAll(writers, digest)],
  };
}

async function writersIn(work: Work, collection: string): Promise<Captured['writers']> {
  const { log, close } = await openLog(work);
  const first = new Map<string, string>();
  try {
    for await (const page of changesOf(log, collection))
      for (const change of page) {
        const instance = change.kind === 'marker' ? MARKER.exec(change.name)?.[1] : undefined;
        // The first one: from it on everything of this instance is in the log.
        if (instance !== undefined && !first.has(instance)) first.set(instance, String(change.position));
      }
  } finally {
    await close();
  }
  return [...first].map(([instance, position]) => ({ instance, position }));
}

/** Whoever writes past the log loses its changes: nobody but people can know that there is none. */
function isThatAll(writers: Captured['writers'], digest: string): Decision {
  const names = writers.map(({ instance }) => instance).join(', ');
  return {
    id: 'writers',
    subject: digest,
    words: `changes of ${names} are captured: are these all that write to the source?`,
    details: [
      'a writer that is left out loses its changes; name all in cutover.writers, and this is checked',
    ],
  };
}

export const captureStage: Stage = {
  name: 'capture',
  title: 'Capture',
  does: 'sees the markers of the application’s writers in the change log, before anything is read',
  entry: 'the application writes through its DualWriter',
  exit: 'the marker of each writer was read from the log',
  reads: [],
  ofCutover: true,
  inputs: ({ source, plan }) => ({
    source,
    log: plan.cutover?.log,
    schema: plan.cutover?.schema,
    collection: plan.cutover?.collection,
    writers: plan.cutover?.writers,
  }),
  output: [RESULT],
  run,
  report: ({ path }) => {
    const { writers } = JSON.parse(readRegularText(path(RESULT), MOST_RECORD)) as Captured;
    return {
      says: `changes of ${countWords(writers.length, 'writer')} are captured`,
      figures: [],
      tables: [
        {
          title: 'Writers',
          open: true,
          columns: ['instance', 'marker at'],
          rows: writers.map(({ instance, position }) => [instance, position]),
        },
      ],
    };
  },
};
