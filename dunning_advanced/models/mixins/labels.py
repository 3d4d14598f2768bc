def labels(records, name):
    """The words for the values of a selection, in the language of the user.

    :param records: of any number, of the model that has the field
    :param name: of the field
    :return: dict of value to label
    """
    return dict(records._fields[name]._description_selection(records.env))


def label(record, name):
    """The value of a selection of a record in words, empty where it has none."""
    return labels(record, name).get(record[name], "")
