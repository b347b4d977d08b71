import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

/** What the engine `test/engines/answering.ts` asks, on two ports: one answers at once, the other later. */
export async function answeringServer(laterMs: number) {
  const points = new Map<string, number>();
  const searches = { prompt: 0, late: 0 };
  const dropped: { name: string; after: number }[] = [];
  const answer = async (
    port: keyof typeof searches,
    [what, name]: string[],
    body: unknown,
  ): Promise<unknown> => {
    if (what === 'list') return [...points.keys()];
    if (what === 'clock') return Date.now();
    if (what === 'create') points.set(name!, 0);
    if (what === 'load') points.set(name!, points.get(name!)! + (body as { points: number }).points);
    if (what === 'drop') {
      points.delete(name!);
      dropped.push({ name: name!, after: searches.prompt + searches.late });
    }
    if (what === 'search') {
      searches[port]++;
      if (port === 'late') await wait(laterMs);
      return points.has(name!) ? [Math.floor(Math.abs((body as number[])[0]!))] : [];
    }
    return points.get(name!) ?? 0;
  };
  const servers = (['prompt', 'late'] as const).map((port) =>
    createServer(async (request, response) => {
      const body = JSON.parse(await textOf(request)) as unknown;
      response.end(JSON.stringify(await answer(port, request.url!.slice(1).split('/'), body)));
    }).listen(0, '127.0.0.1'),
  );
  await Promise.all(servers.map((each) => once(each, 'listening')));
  const [prompt, late] = servers.map((each) => `http://127.0.0.1:${(each.address() as AddressInfo).port}`);
  return {
    prompt: prompt!,
    late: late!,
    searches,
    dropped,
    close: () => {
      for (const each of servers) {
        each.closeAllConnections();
        each.close();
      }
    },
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}
