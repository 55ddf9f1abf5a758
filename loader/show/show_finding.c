#include "loader/show/show_finding.h"

#include "loader/show/show_root.h"

#define CHECK_WIDTH 13

static const char *colour(const struct show *show, enum grade grade)
{
    static const char *const colours[] = {"\x1b[32m", "\x1b[33m", "\x1b[31m"};
    return show->colour ? colours[grade] : "";
}

static void finding_text(struct show *show, const struct finding *finding)
{
    static const char *const grades[] = {"well", "hint", "MEND"};

    fprintf(show->out, "%-*s  %s%s%s  ", CHECK_WIDTH, finding->check, colour(show, finding->grade),
            grades[finding->grade], show->colour ? "\x1b[0m" : "");
    if (finding->grade == GRADE_MEND)
        fprintf(show->out, "E-%02d ", finding->id);
    fprintf(show->out, "%s\n", finding->what);
    if (finding->mend[0] != '\0')
        fprintf(show->out, "%*s        next: %s\n", CHECK_WIDTH, "", finding->mend);
}

static json_t *finding_error(const struct finding *finding)
{
    const struct failure_entry *entry = failure_entry(finding->id);

    return json_pack("{s:o, s:s, s:s, s:s}", "id", json_sprintf("E-%02d", finding->id), "title", entry->title,
                     "what", finding->what, "next", entry->next);
}

static void finding_json(FILE *out, const struct finding *finding)
{
    json_t *line = json_line_begin("finding");

    json_object_set_new(line, "check", json_string(finding->check));
    json_object_set_new(line, "grade", json_string(grade_name(finding->grade)));
    json_object_set_new(line, "text", json_string(finding->what));
    if (finding->mend[0] != '\0')
        json_object_set_new(line, "mend", json_string(finding->mend));
    if (finding->grade == GRADE_MEND)
        json_object_set_new(line, "error", finding_error(finding));
    json_line_end(out, line);
}

void show_finding(struct show *show, const struct finding *finding)
{
    if (show->format == SHOW_JSON)
        finding_json(show->out, finding);
    else
        finding_text(show, finding);
}

void show_diagnosis(struct show *show, const struct diagnosis *diagnosis)
{
    const unsigned *counts = diagnosis->counts;

    if (show->format == SHOW_JSON) {
        json_t *line = json_line_begin("doctor");
        json_object_set_new(line, "well", json_integer(counts[GRADE_WELL]));
        json_object_set_new(line, "hint", json_integer(counts[GRADE_HINT]));
        json_object_set_new(line, "mend", json_integer(counts[GRADE_MEND]));
        json_object_set_new(line, "exit", json_integer(diagnosis->code));
        json_line_end(show->out, line);
        return;
    }
    fprintf(show->out, "\n%u well, %u hint%s, %u to mend", counts[GRADE_WELL], counts[GRADE_HINT],
            counts[GRADE_HINT] == 1 ? "" : "s", counts[GRADE_MEND]);
    fprintf(show->out, counts[GRADE_MEND] > 0 ? "; why: suture help E-NN\n" : ": this station is ready\n");
}
