import { readEvents } from '../../harness/store/event-log.js';
import { print } from './print.js';
import { quickstartRun } from './quickstart-run.js';

/** Share of quickstart's search phase that is spent inside the engines' calls. */
export async function measureShare(): Promise<void> {
  const events = readEvents(quickstartRun());
  let engine = 0;
  let passes = 0;
  let search = 0;
  let warmup = 0;
  let record = 0;
  for (const event of events) {
    if (event.type === 'trialEnd' && event.state === 'completed') {
      engine += event.engineSeconds ?? 0;
      passes += event.wallSeconds ?? 0;
    }
    if (event.type !== 'phase') continue;
    if (event.phase === 'search') search += event.seconds;
    if (event.phase === 'warmup') warmup += event.seconds;
    if (event.phase === 'record') record += event.seconds;
  }
  print(
    'quickstart: engine calls of the measured passes',
    percent(engine / passes),
    'of the passes’ wall time',
  );
  print(
    '  and of the search phase without warm-up',
    percent(engine / (search - warmup)),
    'target: at least 90%',
  );
  print(
    '  recording between the passes',
    `${record.toFixed(1)} s`,
    `beside ${search.toFixed(1)} s of search`,
  );
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`;
}
