import { fork } from 'node:child_process';
import { once } from 'node:events';
import { compiledModule } from '../../common/paths.js';
import { timingMeasures } from '../../harness/measures/timing.js';
import { constantClients } from '../../harness/run/executors/constant-clients.js';
import { constantRate } from '../../harness/run/executors/constant-rate.js';
import { runOnEcho } from './load-echo.js';
import { print } from './print.js';

const [STALL, EVERY] = [500, 5000];
const RATE = 500;
/** Three stalls. */
const SECONDS = 15;

/** What each kind of loop tells of a server that answers nothing for half a second of every five. */
export async function measureStall(): Promise<void> {
  const child = fork(compiledModule('test/self/echo-server.js'), [String(STALL), String(EVERY)]);
  try {
    const [port] = (await once(child, 'message')) as [number];
    const address = `http://127.0.0.1:${port}`;
    const time = { seconds: SECONDS, warmUp: 1 };
    for (const clients of [1, 8]) {
      const closed = timingMeasures(await runOnEcho(constantClients, address, { clients, ...time }));
      print(
        `stall of ${STALL} ms every ${EVERY / 1000} s, closed loop, ${clients} ${clients === 1 ? 'client' : 'clients'}: p99`,
        `${closed['latency.p99']!.value.toFixed(2)} ms`,
        `of ${closed['latency.mean']!.n} answers`,
      );
    }
    const open = timingMeasures(await runOnEcho(constantRate, address, { rate: RATE, ...time }));
    print(
      `  open loop, ${RATE}/s: p99`,
      `${open['latency.p99']!.value.toFixed(0)} ms`,
      `of ${open['latency.mean']!.n} answers; target: at least 400 ms`,
    );
  } finally {
    child.kill();
  }
}
