import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measureSameSettings } from './aa.js';
import { measureCutover } from './cutover.js';
import { measureDatasets } from './datasets.js';
import { measureAgainstFaiss } from './faiss.js';
import { measureFilters } from './filters.js';
import { measureFloor } from './floor.js';
import { measureGate } from './gate.js';
import { measureLoad } from './load.js';
import { measureEcho } from './load-echo.js';
import { measureLoadPoints } from './load-points.js';
import { LOADED_SERVERS, measureLoadOnServers } from './load-servers.js';
import { measureStall } from './load-stall.js';
import { measureMigration } from './migration.js';
import { measurePgvector } from './pgvector.js';
import { measureRecording } from './recording.js';
import { measureReport } from './report.js';
import { measureServers } from './servers.js';
import { measureShare } from './share.js';
import { measureTruth } from './truth.js';

/** `npm run bench:self`: what the harness itself costs, in one run on this machine. Prints figures; asserts nothing. */
const PARTS: Record<string, (folder: string) => Promise<void>> = {
  floor: measureFloor,
  truth: measureTruth,
  filters: measureFilters,
  report: measureReport,
  gate: measureGate,
  share: measureShare,
  datasets: measureDatasets,
  'load-points': measureLoadPoints,
  migration: measureMigration,
  pgvector: measurePgvector,
  cutover: measureCutover,
  servers: measureServers,
  load: measureLoad,
};
/** Take long, are about figures and not the harness' cost, or are a piece of another part: measured when they are named. */
const NAMED: typeof PARTS = {
  'load-echo': measureEcho,
  'load-stall': measureStall,
  ...Object.fromEntries(
    LOADED_SERVERS.map((name) => [`load-${name}`, (folder: string) => measureLoadOnServers(folder, [name])]),
  ),
  aa: measureSameSettings,
  recording: measureRecording,
  faiss: measureAgainstFaiss,
};

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !Object.hasOwn({ ...PARTS, ...NAMED }, name));
if (unknown.length > 0) {
  process.stderr.write(
    `unknown part ${unknown.join(', ')}; there are ${Object.keys({ ...PARTS, ...NAMED }).join(', ')}\n`,
  );
  process.exitCode = 2;
} else {
  const folder = mkdtempSync(join(tmpdir(), 'vecproof-self-'));
  try {
    for (const name of asked.length > 0 ? asked : Object.keys(PARTS))
      await { ...PARTS, ...NAMED }[name]!(folder);
  } finally {
    if (existsSync(folder)) rmSync(folder, { recursive: true });
  }
}
