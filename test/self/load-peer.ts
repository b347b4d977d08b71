import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** autocannon's closed loop on an address, from the folder that it is installed in. Tells queries a second, and its CPU for each. */
const [folder, url, body] = process.argv.slice(2) as [string, string, string];
type Autocannon = (options: object) => Promise<{ requests: { total: number }; duration: number }>;
const autocannon = createRequire(join(folder, 'package.json'))('autocannon') as Autocannon;
const before = process.cpuUsage();
const { requests, duration } = await autocannon({
  url,
  connections: Number(process.env['CLIENTS']),
  duration: Number(process.env['SECONDS']),
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: readFileSync(body),
});
const { user, system } = process.cpuUsage(before);
process.send!({ perSecond: requests.total / duration, micros: (user + system) / requests.total });
