import { mergePageResults } from '../src/processor/merge.js';
import { evidenceOf } from '../src/stages/evidence.js';
import type { PageTexts } from '../src/stages/page-texts.js';

/** A value on a page of a sample and the middle of the place where it is seen, in hundredths of the page. */
type Seen = readonly [page: number, field: string, value: string, x: number, y: number];

/** Read off the drawn pages by eye. */
export const BANK_STATEMENT: readonly Seen[] = [
  [1, 'Account_Name', 'CHECKING', 8.1, 51.3],
  [1, 'Account_Number', '003525801543', 36, 51.3],
  [1, 'Balance', '5,657.47', 54.3, 51.3],
  [1, 'Savings_Account', '352580154336', 36, 55.5],
  [1, 'Balance_2', '53,578.24', 54.1, 55.5],
  [1, 'Average_Posted_Balance', '65,360.07', 91.7, 75.5],
  [1, 'Name', 'Alejandro Rosalez', 23.1, 16.8],
  [1, 'Check_Amount', '101.39', 62.2, 81.2],
];

export const LENDING_PACKAGE: readonly Seen[] = [
  [4, 'Account_Name', 'Jane Doe', 68, 24.8],
  [4, 'Account_Number', '333 008755555', 70.1, 23.2],
  [4, 'Closing_Balance', '$123,084.85', 56.2, 36.8],
  [4, 'Statement_Period', '1 MAY 2021 to 31 MAY 2021', 74.9, 21.5],
  [4, 'Opening_Balance', '$50,000.00', 55.8, 35.1],
  [4, 'Email_Address', 'Not Recorded', 69.5, 26.5],
  [6, 'CoApplicant_Name', 'Luna Starlight-Glitterdust', 23.2, 70.5],
  [6, 'CoApplicant_Date_of_Birth', '2/29/2000', 18, 73.7],
  [6, 'Relationship_to_Primary_Applicant', 'Domestic Partner', 20.8, 77.2],
  [6, 'Length_of_Time_with_Prior_Auto_Carrier', '6 months', 57.6, 82.1],
  [6, 'Effective_Date', '10/10/2009', 58.5, 42.8],
  [6, 'Education_Level', 'Graduate', 62.6, 73.7],
];

/** The values whose first place is not where they are seen, and those of no page that are found. */
export async function misplaced(seen: readonly Seen[], read: PageTexts): Promise<string[]> {
  const results = [...read.texts.keys()].map((page) => ({
    page_number: page,
    extracted_data: Object.fromEntries([
      [`Absent_${page}`, { value: `Quire ${page}`, confidence: 90 }],
      ...seen
        .filter(([on]) => on === page)
        .map(([, field, value]) => [field, { value, confidence: 90 }] as const),
    ]),
  }));
  const account = mergePageResults(null, results, [...read.texts.keys()]);
  const [evidence] = await evidenceOf({ accounts: account ? [account] : [] }, read);
  return Object.entries(evidence?.fields ?? {}).flatMap(([name, [part]]) => {
    const expected = seen.find(([, field]) => field === name);
    const place = part && 'places' in part ? part.places[0] : undefined;
    if (!expected) return place ? `${name} is found` : [];
    const [page, , , x, y] = expected;
    const [left = NaN, top = NaN, right = NaN, bottom = NaN] = place?.boxes[0] ?? [];
    const isThere =
      place?.page === page &&
      Math.abs((left + right) * 50 - x) < 0.6 &&
      Math.abs((top + bottom) * 50 - y) < 0.6;
    return isThere ? [] : `${name}: ${JSON.stringify(place)}`;
  });
}
