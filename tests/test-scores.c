/* Tables of scores: what is written reads back, in every locale, and what a spreadsheet made of it too. */
#include <locale.h>
#include <math.h>
#include <string.h>

#include "engine.h"
#include "support.h"

static void
read_back (const char *const *fields)
{
  g_autoptr (GString) out = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  g_auto (EngCsv) csv = { 0 };
  eng_csv_add_row (out, fields);
  g_assert_true (eng_csv_init (&csv, out->str, out->len, "t.csv", &error));
  g_assert_true (eng_csv_next (&csv, &error));
  g_assert_cmpuint (csv.fields->len, ==, g_strv_length ((char **)fields));
  for (guint i = 0; fields[i]; i++)
    g_assert_cmpstr (eng_csv_field (&csv, i), ==, fields[i]);
  g_assert_true (csv.ended);
  g_assert_false (eng_csv_next (&csv, &error));
  g_assert_no_error (error);
}

static void
test_fields (void)
{
  read_back ((const char *const[]){ "a", "b", NULL });
  read_back ((const char *const[]){ "a,b", "say \"so\"", "two\nlines", "\r", "", NULL });
  read_back ((const char *const[]){ " edges ", "ünï", "שלום", "\"", "'", "; \t", NULL });
}

static void
test_numbers (void)
{
  static const struct
  {
    double value;
    const char *text;
  } rows[] = { { 0.1, "0.1" },   { 1.0 / 3, "0.3333333333333333" },    { -0.0, "-0" }, { 1e300, "1e+300" },
               { 42, "42" },     { 0.1 + 0.2, "0.30000000000000004" }, { NAN, "" },    { INFINITY, "" },
               { 5e-324, NULL }, { 1.7976931348623157e308, NULL },     { M_PI, NULL } };
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      eng_csv_number (rows[i].value, text);
      if (rows[i].text)
        g_assert_cmpstr (text, ==, rows[i].text);
      if (isfinite (rows[i].value))
        g_assert_true (g_ascii_strtod (text, NULL) == rows[i].value);
    }
}

/* Also where people write 0,5: any such locale that is installed. */
static void
test_locale (void)
{
  static const char *const locales[] = { "de_DE.UTF-8", "fr_FR.UTF-8", "de_CH.UTF-8", "nl_NL.UTF-8", NULL };
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  gboolean found = FALSE;
  for (guint i = 0; locales[i] && !found; i++)
    found = setlocale (LC_NUMERIC, locales[i]) != NULL;
  eng_csv_number (0.5, text);
  setlocale (LC_NUMERIC, "C");
  g_assert_cmpstr (text, ==, "0.5");
  if (!found)
    g_test_skip ("no locale with a decimal comma is installed");
}

static void
test_spreadsheet (void)
{
  static const char text[] = "\xef\xbb\xbf"
                             "name;label\r\n\"a;b\" ; cat\r\n\r\nlast;dog";
  static const char *const expected[][2] = { { "name", "label" }, { "a;b", "cat" }, { "", "" }, { "last", "dog" } };
  g_autoptr (GError) error = NULL;
  g_auto (EngCsv) csv = { 0 };
  g_assert_true (eng_csv_init (&csv, text, strlen (text), "t.csv", &error));
  csv.trim = TRUE;
  eng_csv_guess_separator (&csv);
  g_assert_cmpint (csv.separator, ==, ';');
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    {
      g_assert_true (eng_csv_next (&csv, &error));
      g_assert_cmpuint (csv.row_line, ==, i + 1);
      g_assert_cmpstr (eng_csv_field (&csv, 0), ==, expected[i][0]);
      g_assert_cmpstr (eng_csv_field (&csv, 1), ==, expected[i][1]);
      g_assert_true (csv.ended == (i < 3));
    }
  g_assert_false (eng_csv_next (&csv, &error));
  g_assert_no_error (error);
}

/* A row is what the titles say, and a value that is none is an empty field. */
static void
test_rows (void)
{
  static const EngScoreColumn column = { "grad-cam", "rise-deletion", "rise-deletion by |value|", "lower" };
  g_autoptr (GString) out = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  g_auto (EngCsv) csv = { 0 };
  eng_csv_add_row (out, eng_scores_titles);
  eng_scores_add (out, "a, b.png", "tench, Tinca", &column, 0.25);
  eng_scores_add (out, "c.png", "crane", &column, NAN);
  g_assert_cmpstr (out->str, ==,
                   "image,class,method,metric,protocol,direction,value\n"
                   "\"a, b.png\",\"tench, Tinca\",grad-cam,rise-deletion,rise-deletion by |value|,lower,0.25\n"
                   "c.png,crane,grad-cam,rise-deletion,rise-deletion by |value|,lower,\n");
  g_assert_true (eng_csv_init (&csv, out->str, out->len, "t.csv", &error));
  for (int i = 0; i < 3; i++)
    {
      g_assert_true (eng_csv_next (&csv, &error));
      g_assert_cmpuint (csv.fields->len, ==, 7);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/csv/fields", test_fields);
  g_test_add_func ("/csv/numbers", test_numbers);
  g_test_add_func ("/csv/locale", test_locale);
  g_test_add_func ("/csv/spreadsheet", test_spreadsheet);
  g_test_add_func ("/scores/rows", test_rows);
  return g_test_run ();
}
