// Checks what stdio_tap.mjs wrote down, and prints the report of recorder.mjs as one line:
//   node lines.mjs RECORD
import { readFileSync } from 'node:fs';

import { Recorder } from './recorder.mjs';

const recorder = new Recorder('');
for (const line of readFileSync(process.argv[2], 'utf8').split('\n')) {
  if (line === '') continue;
  const { pid, from, text, torn } = JSON.parse(line);
  if (pid) recorder.pipe();
  if (from === 'client') recorder.client_line(text);
  if (from === 'server') recorder.server_line(text, torn);
}
process.stdout.write(`${JSON.stringify(recorder.report())}\n`);
