const QUIRE = '/api/quire';
const REFRESH_MS = 1_000;
const STATES = { extracting: 'being read', completed: 'read', failed: 'failed' };

const find = (selector) => document.querySelector(selector);

find('#sign-in').addEventListener('submit', async (event) => {
  event.preventDefault();
  await post('/sign-in', { user: event.submitter.value });
  await show();
});

find('#who button').addEventListener('click', async () => {
  await post('/sign-out', {});
  await show();
});

find('#upload').addEventListener('submit', async (event) => {
  event.preventDefault();
  const form = event.target;
  await ask(`${QUIRE}/process`, { method: 'POST', body: new FormData(form) });
  form.reset();
  await showDocuments();
});

let refresh;

async function show() {
  clearTimeout(refresh);
  const { user } = await ask('/me');
  find('#sign-in').hidden = user !== null;
  find('main').hidden = find('#who').hidden = user === null;
  find('#who b').textContent = user;
  if (user !== null) await showDocuments();
}

async function showDocuments() {
  clearTimeout(refresh);
  const { documents, total, next } = await ask(`${QUIRE}/api/documents`);
  find('caption').textContent = next
    ? `The newest ${documents.length} of your ${total} documents`
    : 'Your documents';
  find('#none').hidden = documents.length > 0;
  find('tbody').replaceChildren(...documents.map(rowOf));
  if (documents.some(({ status }) => status === 'extracting')) {
    refresh = setTimeout(showDocuments, REFRESH_MS);
  }
}

function rowOf({ id, document_name: name, status, error, total_pages: pages }) {
  const record = document.createElement('a');
  record.href = `${QUIRE}/api/document/${encodeURIComponent(id)}`;
  record.textContent = 'JSON';
  const row = document.createElement('tr');
  for (const content of [
    name,
    error ?? STATES[status],
    String(pages),
    status === 'completed' ? record : '',
  ]) {
    row.insertCell().append(content);
  }
  return row;
}

function post(path, body) {
  const headers = { 'content-type': 'application/json' };
  return ask(path, { method: 'POST', headers, body: JSON.stringify(body) });
}

async function ask(path, options) {
  const response = await fetch(path, options);
  const answer = await response.json();
  const problem = find('#problem');
  problem.hidden = response.ok;
  problem.textContent = response.ok ? '' : (answer.message ?? answer.error);
  if (!response.ok) throw new Error(problem.textContent);
  return answer;
}

await show();
