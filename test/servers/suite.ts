import { connectDocker } from '../../engines/launcher/docker.js';
import { npy, randomVectors } from '../e2e/helpers/data.js';
import { events } from '../e2e/helpers/log.js';
import { until } from '../e2e/helpers/until.js';
import { Workspace } from '../e2e/helpers/workspace.js';
import { containersOf } from './docker.js';

const points = npy(randomVectors(4000, 48));
const queries = npy(randomVectors(1000, 48, 2));

/**
 * A workspace with a suite of one build on pgvector, with passes that last long enough to be hit.
 *
 * @param engine further keys of the engine's entry, e.g. `memory: 256MiB`
 * @param shell further keys of the suite
 */
export function serverSuite(engine = '', shell = '', index = 'm: 4'): Workspace {
  const work = new Workspace();
  work.write('points.npy', points);
  work.write('points.queries.npy', queries);
  work.write(
    'suite.yaml',
    `version: 1
name: server
dataset: { path: ./points.npy, metric: l2 }
k: 10
repeat: 2
warmup: 3
${shell}
engines:
  - use: pgvector
    index: { type: hnsw, ${index} }
    search: { ef: [100, 200] }
    ${engine}
`,
  );
  return work;
}

const few = npy(randomVectors(600, 16));
const fewQueries = npy(randomVectors(20, 16, 2));

/**
 * A workspace with a suite of small builds, for faults that are set off by what is asked and not by time.
 *
 * @param engine the engine's entry, e.g. `{ use: pgvector, index: { m: [4, 8] } }`
 * @param shell further keys of the suite
 */
export function smallSuite(engine: string, shell = ''): Workspace {
  const work = new Workspace();
  work.write('points.npy', few);
  work.write('points.queries.npy', fewQueries);
  const head =
    'version: 1\nname: small\ndataset: { path: ./points.npy, metric: l2 }\nk: 5\nrepeat: 1\nwarmup: 0';
  work.write('suite.yaml', `${head}\n${shell}\nengines:\n  - ${engine}\n`);
  return work;
}

/** The container that the only run of a workspace has now. Docker lists one before it can be asked about. */
export async function containerOf(work: Workspace) {
  const docker = await connectDocker();
  return until('the run has a container', async () => {
    if (work.runs.length === 0 || events(work).length === 0) return undefined;
    const [id] = await containersOf(work.runs[0]!);
    if (id === undefined) return undefined;
    const container = docker.getContainer(id);
    return (await container.inspect().catch(() => undefined))?.State.Running === true && container;
  });
}
